import { describeThroughRuntime } from './throughRuntime.ts';

describeThroughRuntime('codex');
