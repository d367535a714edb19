import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds between two steps of an agent, so that a person can follow; WORKSHOP_PACE_MS=0 removes it. */
const paceMs = Number(process.env.WORKSHOP_PACE_MS ?? 250);

/** Prints a line of the transcript, then takes a breath. */
export async function say(line) {
  process.stdout.write(`${line}\n`);
  await delay(paceMs);
}
