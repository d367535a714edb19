import { claudeAgents, testClaude } from './claudeThroughRuntime.ts';
import { describeThroughRuntime } from './throughRuntime.ts';

describeThroughRuntime('claude', claudeAgents, testClaude);
