import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../runtime/clock.ts';
import { UserError } from '../runtime/errors.ts';
import { parseBuild, type Build } from './build.ts';
import type { FrameChannel } from './frameChannel.ts';
import { peerFrameBytes } from './framing.ts';

/** Longest time from connecting to proved, on either side. */
export const handshakeMs = 2000;

const hexPattern = /^[0-9a-f]{64}$/;

/** What one side brings to the handshake. */
export interface HandshakeOptions {
  /** The shared secret of the owner record. */
  readonly token: string;
  readonly build: Build;
  /** Major version of the protocol it speaks. */
  readonly protocol: number;
  readonly clock: Clock;
}

/** What one side learns about the other. */
export interface Peer {
  readonly build: Build;
  readonly protocol: number;
}

type Role = 'client' | 'server';

interface Greeting extends Peer {
  readonly nonce: string;
}

/** A fresh token for an owner record: 256 random bits in hex. */
export function createToken(): string {
  return randomBytes(32).toString('hex');
}

/*
 * client → server  { protocol, build, nonce }
 * server → client  { protocol, build, nonce, proof }      the server has the token
 * client → server  { proof }                              so has the client
 * server → client  { accepted: true }                     messages up to 4 MiB from here on
 */

/**
 * Proves the token to a server and has the server prove it. Closes the channel if that fails.
 * @throws UserError of kind `version` if they speak different protocols, else `unreachable`.
 */
export async function greetServer(channel: FrameChannel, options: HandshakeOptions): Promise<Peer> {
  return withinLimit(channel, options.clock, async () => {
    const nonce = createToken();
    channel.send({ protocol: options.protocol, build: options.build, nonce });
    const answer = await channel.read();
    const server = parseGreeting(answer);
    const nonces = { client: nonce, server: server.nonce };
    if (!isProof(answer, prove(options.token, 'server', nonces))) {
      throw new UserError('unreachable', 'Something else answers in the place of the Reveille runtime. Retry.');
    }
    assertSameProtocol(options.protocol, server.protocol);
    channel.send({ proof: prove(options.token, 'client', nonces) });
    if (!hasField(await channel.read(), 'accepted', true)) throw new Error('The runtime did not accept the client');
    channel.setLimit(peerFrameBytes);
    return { build: server.build, protocol: server.protocol };
  });
}

/**
 * The server's side of the same. Closes the channel if the other does not prove the token in time.
 * @throws UserError of kind `version`, or an Error that says what was wrong.
 */
export async function greetClient(channel: FrameChannel, options: HandshakeOptions): Promise<Peer> {
  return withinLimit(channel, options.clock, async () => {
    const client = parseGreeting(await channel.read());
    const nonces = { client: client.nonce, server: createToken() };
    const proof = prove(options.token, 'server', nonces);
    channel.send({ protocol: options.protocol, build: options.build, nonce: nonces.server, proof });
    assertSameProtocol(options.protocol, client.protocol);
    if (!isProof(await channel.read(), prove(options.token, 'client', nonces))) {
      throw new Error('The client did not prove the token');
    }
    channel.send({ accepted: true });
    channel.setLimit(peerFrameBytes);
    return { build: client.build, protocol: client.protocol };
  });
}

async function withinLimit(channel: FrameChannel, clock: Clock, talk: () => Promise<Peer>): Promise<Peer> {
  const timer = clock.setTimeout(() => {
    channel.dispose();
  }, handshakeMs);
  try {
    return await talk();
  } catch (error) {
    // What was sent may still leave, so that the other side learns which protocol we speak.
    channel.end();
    throw error;
  } finally {
    timer.dispose();
  }
}

function prove(token: string, role: Role, nonces: Record<Role, string>): string {
  return createHmac('sha256', token).update(`reveille/${role}/${nonces.client}/${nonces.server}`).digest('hex');
}

function isProof(message: unknown, expected: string): boolean {
  if (typeof message !== 'object' || message === null || !('proof' in message)) return false;
  const { proof } = message;
  if (typeof proof !== 'string' || !hexPattern.test(proof)) return false;
  return timingSafeEqual(Buffer.from(proof, 'hex'), Buffer.from(expected, 'hex'));
}

function hasField(message: unknown, name: string, expected: unknown): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    Object.entries(message).some(([key, value]) => key === name && value === expected)
  );
}

function parseGreeting(message: unknown): Greeting {
  if (typeof message !== 'object' || message === null) throw new Error('Not a greeting');
  const { protocol, nonce, build } = { protocol: null, nonce: null, build: null, ...message };
  const parsedBuild = parseBuild(build);
  if (parsedBuild === null || typeof protocol !== 'number') throw new Error('A greeting without build or protocol');
  if (typeof nonce !== 'string' || !hexPattern.test(nonce)) {
    throw new Error('A greeting without a nonce');
  }
  return { protocol, nonce, build: parsedBuild };
}

function assertSameProtocol(ours: number, theirs: number): void {
  if (ours === theirs) return;
  throw new UserError(
    'version',
    theirs > ours
      ? 'A newer version of Reveille runs in this folder. Reload the window to update Reveille.'
      : 'An older version of Reveille runs in this folder. Close the other windows on it, or restart its runtime.',
  );
}
