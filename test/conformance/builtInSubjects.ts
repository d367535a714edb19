import { claudeAdapter } from '../../src/runtime/adapters/claudeLocal.ts';
import { codexAdapter } from '../../src/runtime/adapters/codexLocal.ts';
import { httpAdapter } from '../../src/runtime/adapters/httpAdapter.ts';
import { processAdapter } from '../../src/runtime/adapters/process.ts';
import { makeClaudeAgent } from '../support/claudeAgent.ts';
import { recordedCases, readRecording } from '../support/recordedOutputs.ts';
import type { ConformanceSubject, Output } from './conformanceSubject.ts';
import { openServer, type HttpForm } from './httpActor.ts';
import { openProgram } from './programActor.ts';

const uuid = '0c5a8f6e-1f4b-4c57-9a35-2f1f3a1f0a01';
const headers = { Authorization: { secret: 'TOKEN' } };
const board = { type: 'http', url: 'http://127.0.0.1:9/mcp', headers, timeoutSec: 600 } as const;
const noUuids = [{ id: 'latest' }, { id: '--resume' }, { id: `${uuid} --danger` }, { id: `${uuid}/../x` }];

function recorded(program: string): Output[] {
  return recordedCases(program).map((name) => ({ name, ...readRecording(program, name) }));
}

const text = (name: string, stdout: string, stderr = ''): Output => ({
  name,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});

export const claudeSubject: ConformanceSubject = {
  name: 'claude_local',
  adapter: claudeAdapter,
  open: (folder) => {
    const { claude } = makeClaudeAgent({ mcpServers: { board } });
    return openProgram(folder, 'claude.mjs', { adapter: 'claude_local', claude });
  },
  outputs: recorded('claude'),
  unknownLine: '{"type":"invented_tomorrow","session_id":"x"}',
  session: { id: uuid },
  noSessions: noUuids,
  ownVariables: ['CLAUDE_CODE_DISABLE_BACKGROUND_TASKS', 'CLAUDE_CODE_MAX_RETRIES', 'MCP_TOOL_TIMEOUT'],
  ends: { fails: 'login_required', silent: 'no_result', breaks: 'exit_code' },
  canForget: true,
};

export const codexSubject: ConformanceSubject = {
  name: 'codex_local',
  adapter: codexAdapter,
  open: (folder) => {
    const codex = { model: null, effort: null, sandbox: 'workspace-write', mcpServers: { board } } as const;
    return openProgram(folder, 'codex.mjs', { adapter: 'codex_local', codex });
  },
  outputs: recorded('codex'),
  unknownLine: '{"type":"invented.tomorrow"}',
  session: { id: uuid },
  noSessions: noUuids,
  ownVariables: [],
  ends: { fails: 'login_required', silent: 'no_result', breaks: 'exit_code' },
  canForget: true,
};

export const textSubject: ConformanceSubject = {
  name: 'process with protocol text',
  adapter: processAdapter,
  open: (folder) => openProgram(folder, 'text.mjs', { protocol: 'text' }),
  outputs: [],
  unknownLine: null,
  session: null,
  noSessions: [],
  ownVariables: [],
  ends: { fails: 'exit_code', silent: null, breaks: 'exit_code' },
  canForget: false,
};

const marked = [
  '{"reveille":"session","id":"talk-1"}',
  'Ordinary output – of any kind',
  '{"reveille":"progress","text":"Halfway – 50 €"}',
  '{"reveille":"usage","inputTokens":1200,"cachedTokens":7,"outputTokens":80,"costUsd":0.012,"model":"example"}',
  '{"reveille":"ask","id":"q","question":"Which one – ü?","choices":["a","ö"]}',
  '{"reveille":"result","status":"succeeded","message":"Done – ✓","changed":true}',
  '',
].join('\n');
const markedFailures = [
  '{"reveille":"limit","limit":"requests","until":"2026-12-01T10:00:00Z"}',
  '{"reveille":"retry","message":"busy"}',
  '{"reveille":"result","status":"failed","message":"No."}',
  '',
].join('\n');

export const jsonLinesSubject: ConformanceSubject = {
  name: 'process with protocol jsonl',
  adapter: processAdapter,
  open: (folder) => openProgram(folder, 'jsonLines.mjs', { protocol: 'jsonl' }),
  outputs: [text('works', marked, 'a warning\n'), text('fails', markedFailures), text('only text', 'a\nb\n')],
  unknownLine: '{"reveille":"invented_tomorrow"}',
  session: { id: 'talk-1' },
  noSessions: [{ id: 'a b' }, { id: '$(id)' }, { id: 'x'.repeat(201) }],
  ownVariables: [],
  ends: { fails: 'reported_failure', silent: null, breaks: 'exit_code' },
  canForget: false,
};

const states = [
  '{"reveille":"state","status":"running","message":"Reading – ü","sessionId":"talk-1","usage":{"model":"m","inputTokens":7}}',
  '{"reveille":"state","status":"succeeded","message":"Done – ✓","sessionId":"talk-1","contextTokens":900,"usage":[{"model":"m","inputTokens":9,"costUsd":0.5}]}',
  '',
].join('\n');
const stateFailures = [
  '{"reveille":"state","status":"failed","error":"session_lost","message":"Gone."}',
  '{"reveille":"state","status":"failed","limit":{"limit":"tokens","until":"2026-12-01T10:00:00Z"}}',
  '',
].join('\n');

const speakHttp = (name: string, form: HttpForm): ConformanceSubject => ({
  name,
  adapter: httpAdapter,
  open: (folder) => openServer(folder, form),
  outputs: [
    text('lines', marked),
    text('failing', markedFailures),
    text('states', states),
    text('failed', stateFailures),
  ],
  unknownLine: '{"reveille":"invented_tomorrow"}',
  session: { id: 'talk-1' },
  noSessions: [{ id: 'a b' }, { id: 'x'.repeat(201) }],
  ownVariables: [],
  ends: { fails: 'reported_failure', silent: 'no_result', breaks: 'bad_response' },
  canForget: true,
});

export const httpSubject = speakHttp('http with one answer', 'state');
export const httpForms = [
  speakHttp('http with lines', 'lines'),
  speakHttp('http with server-sent events', 'events'),
  speakHttp('http with a status address', 'status'),
];
