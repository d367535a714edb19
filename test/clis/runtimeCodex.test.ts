import { codexAgents, testCodex } from './codexThroughRuntime.ts';
import { describeThroughRuntime } from './throughRuntime.ts';

describeThroughRuntime('codex', codexAgents, testCodex);
