import type { Adapter } from './adapter.ts';
import { claudeBooks } from './claudeBooks.ts';
import { checkClaude } from './claudeCheck.ts';
import { claudeOptionsOf, planClaude } from './claudeCommand.ts';
import { ClaudeReader, isLoggedLine } from './claudeReader.ts';
import { claudeSession } from './claudeSession.ts';

/** Drives Claude Code of this machine in its print mode. Success is a result that says so: an interrupted one exits with 0. */
export const claudeAdapter: Adapter = {
  type: 'claude_local',
  capabilities: (definition) => ({
    resume: true,
    usage: 'perMessage',
    permissions: claudeOptionsOf(definition).permissionTool === null ? 'fixed' : 'asked',
    stop: 'signal',
    success: 'result',
  }),
  check: (definition) => checkClaude(definition, process.getuid?.() === 0),
  plan: (definition, request) => planClaude(process.platform, definition, request),
  read: () => new ClaudeReader(),
  isLogged: isLoggedLine,
  codec: claudeSession,
  books: claudeBooks,
};
