import { describeThroughRuntime } from './throughRuntime.ts';

describeThroughRuntime('claude');
