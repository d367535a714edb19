import * as z from 'zod';
import { endurance } from '../definition.ts';
import { catchUpPolicies, onlyIfKinds } from '../model.ts';
import { parseQuietHours } from '../quietHours.ts';
import { findCronMistake, isTimezone } from './cronText.ts';

/** What an agent gets where neither it nor `defaults` says otherwise. */
export const builtInTimeoutSec = 1800;
export const builtInGraceSec = 15;
export const dayInSec = 86_400;
/** Denser schedules than this are refused. */
const shortestIntervalSec = 30;

export const text = z.string().refine((value) => !value.includes('\0'), 'must not contain a NUL character');
export const nonEmptyText = text.refine((value) => value.trim() !== '', 'must not be empty');

const secretReference = z.strictObject({
  secret: z
    .string()
    .max(100, 'the name of a secret has at most 100 characters')
    .regex(
      /^[A-Za-z_][A-Za-z0-9_]*$/,
      'the name of a secret begins with a letter or "_"; then letters, digits and "_" are allowed',
    )
    .describe('Name of a secret; its value is set with "Reveille: Set Secret" and never stands in the file.'),
});
const plainValue = z.union([text, z.number(), z.boolean()]).transform(String);
/** Numbers and booleans are taken as written. */
const environmentValue = z.union([plainValue, secretReference]);

/** Names and values of HTTP headers. */
export const headers = z.record(
  z.string().regex(/^[!#$%&'*+.^`|~\w-]+$/, 'not a name of an HTTP header'),
  z.union([plainValue.refine((value) => !/[\r\n]/.test(value), 'must be one line'), secretReference]),
);

/** `defaults.env` and the agent's own. */
export const environment = z
  .record(
    z.string().superRefine((name, context) => {
      if (name === '' || /[=\0]/.test(name)) context.addIssue('not a name of an environment variable');
      else if (/^REVEILLE_/i.test(name)) context.addIssue('names beginning with REVEILLE_ are set by Reveille itself');
    }),
    environmentValue,
  )
  .describe('Environment variables of its runs.');

export const timeoutSec = z
  .int()
  .min(0)
  .max(7 * dayInSec)
  .describe(`Longest execution of one run in seconds; 0 = no limit. Default ${String(builtInTimeoutSec)}.`);
export const graceSec = z
  .int()
  .min(0)
  .max(3600)
  .describe(`Seconds between asking a run to end and ending it by force. Default ${String(builtInGraceSec)}.`);

export const retries = z
  .int()
  .min(0)
  .max(10)
  .describe(
    `Further attempts after one that failed for the moment only (a program says so with exit code 75), or was lost. Default ${String(endurance.retries)}.`,
  );
const inARow = z.int().min(0).max(1000);
export const loopBreakerMap = z.strictObject({
  failures: inARow
    .default(endurance.loopBreaker.failures)
    .describe('Stops the agent after so many failed runs in a row; 0 = never.'),
  sameError: inARow
    .default(endurance.loopBreaker.sameError)
    .describe('Stops the agent when so many runs in a row failed with the same error; 0 = never.'),
  unchanged: inARow
    .default(endurance.loopBreaker.unchanged)
    .describe('Stops the agent when so many runs in a row on one issue changed nothing; 0 = never.'),
});
export const loopBreaker = z
  .union([z.literal(false), loopBreakerMap])
  .describe('When an agent that does not get on stops itself; false = never.');

export const cron = nonEmptyText
  .superRefine((expression, context) => {
    const mistake = expression.trim() === '' ? null : findCronMistake(expression);
    if (mistake !== null) context.addIssue(`"${expression}" is not a usable cron expression: ${mistake}`);
  })
  .describe('Cron expression of five fields: minute hour day month weekday.');

export const catchUp = z
  .enum(catchUpPolicies)
  .describe(
    'For heartbeats that were missed: `skip`, or `once` for one that makes up for them. Default: once for cron.',
  );

export const timezone = nonEmptyText
  .refine(isTimezone, 'is not a known time zone; expected a name such as Europe/Paris or UTC')
  .describe("IANA time zone of the schedule and of `quietHours`. Default: the machine's.");

const onlyIfKind = z.enum(onlyIfKinds);
const onlyIf = z
  .union([
    onlyIfKind,
    z.array(onlyIfKind).refine((kinds) => kinds.length > 0, 'needs at least one of git_head, files, diagnostics'),
  ])
  .describe(
    'Implies `skipWhenIdle`: a scheduled heartbeat also starts something if one of these is not as its last run left it: `git_head` (the commit), `files` (of the working tree, without ignored ones), `diagnostics` (errors and warnings in a trusted window).',
  );

export const heartbeatMap = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Allows the schedule.'),
    intervalSec: z
      .int()
      .max(366 * dayInSec)
      .refine(
        (value) => value === 0 || value >= shortestIntervalSec,
        `must be 0 (off) or at least ${String(shortestIntervalSec)}`,
      )
      .default(0)
      .describe('Seconds between scheduled heartbeats; 0 = none, else at least 30.'),
    cron: cron.optional(),
    timezone: timezone.optional(),
    catchUp: catchUp.optional(),
    quietHours: nonEmptyText
      .refine((value) => parseQuietHours(value) !== null, 'expected two different times of day, such as 22:00-07:00')
      .optional()
      .describe('Times of day between which scheduled heartbeats start nothing, such as 22:00-07:00.'),
    skipWhenIdle: z
      .boolean()
      .optional()
      .describe(
        'True: a scheduled heartbeat starts nothing while no issue is open for it and nothing is to be delivered.',
      ),
    onlyIf: onlyIf.optional(),
    wakeOnAssignment: z.boolean().default(true).describe('Wake when an issue is assigned to it.'),
    wakeOnOnDemand: z.boolean().default(true).describe('Allow waking it by hand.'),
    wakeOnAutomation: z.boolean().default(true).describe('Wake for comments, decisions and other events.'),
    maxConcurrentRuns: z.int().min(1).max(64).default(1).describe('Runs of it at the same time.'),
  })
  .superRefine((heartbeat, context) => {
    if (heartbeat.cron !== undefined && heartbeat.intervalSec > 0) {
      context.addIssue({ code: 'custom', path: ['intervalSec'], message: 'give either intervalSec or cron, not both' });
    }
    if (heartbeat.timezone !== undefined && heartbeat.cron === undefined && heartbeat.quietHours === undefined) {
      context.addIssue({ code: 'custom', path: ['timezone'], message: 'has no meaning without cron or quietHours' });
    }
    if (heartbeat.onlyIf !== undefined && heartbeat.skipWhenIdle === false) {
      const message = 'contradicts onlyIf, which skips heartbeats that find nothing to do; remove one of the two';
      context.addIssue({ code: 'custom', path: ['skipWhenIdle'], message });
    }
  });

export const providerName = z
  .string()
  .max(64, 'the name of a provider has at most 64 characters')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.:@/-]*$/,
    'the name of a provider begins with a letter or digit; then letters, digits and "_.:@/-" are allowed',
  );
