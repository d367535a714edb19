import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { root } from '../testing/command.ts';
import { writeReplayedCli } from './replayedCli.ts';

/** A folder with an agent of each adapter type, played by recordings and a small server. */
export interface Studio {
  readonly path: string;
  /** Ends the server. */
  close(): void;
}

const configuration = (url: string): string => `agents:
  writer:
    role: Writes what is missing (Claude Code)
    adapter: claude_local
    command: ./claude
    shareCwd: true
  fixer:
    role: Fixes what is broken (Codex)
    adapter: codex_local
    command: ./codex
    shareCwd: true
  reviewer:
    role: Reviews on a server
    adapter: http
    url: ${url}
    headers: { Authorization: Bearer demo }
    pollSec: 1
    shareCwd: true
  checker:
    role: Runs a script that tells how far it is
    adapter: process
    protocol: jsonl
    command: sh
    args: [check.sh]
    shareCwd: true
  deployer:
    role: Needs a secret that nobody has set
    adapter: process
    command: sh
    args: [-c, 'echo deployed']
    env: { TOKEN: { secret: DEPLOY_TOKEN } }
    shareCwd: true
  helper:
    role: Its program is not installed
    adapter: claude_local
    command: ./no-such-claude
    shareCwd: true
`;

const script = `echo "Linting 3 files"
echo '{"reveille":"progress","text":"2 of 3 files"}'
echo '{"reveille":"usage","model":"small","inputTokens":900,"outputTokens":60,"costUsd":0.0021}'
echo '{"reveille":"result","status":"succeeded","message":"No findings in 3 files","changed":false}'
`;

/** Makes one in a temporary folder; the caller removes `path.dirname(studio.path)`. */
export async function openStudio(): Promise<Studio> {
  const folder = path.join(realpathSync(mkdtempSync(path.join(os.tmpdir(), 'reveille-studio-'))), 'studio');
  const server = spawn(process.execPath, [path.join(root, 'test/fixtures/agents/httpServer.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: '0', TOKEN: 'demo' },
  });
  const url = await firstLine(server);
  mkdirSync(path.join(folder, '.reveille'), { recursive: true });
  writeFileSync(path.join(folder, '.reveille/reveille.yaml'), configuration(url));
  writeFileSync(path.join(folder, 'check.sh'), script);
  writeReplayedCli(path.join(folder, 'claude'), 'claude', '12-permission-tool-deny');
  writeReplayedCli(path.join(folder, 'codex'), 'codex', '50-plain-workspace-write');
  return { path: folder, close: () => void server.kill() };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('The server has no output');
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error('The server did not say where it listens');
}
