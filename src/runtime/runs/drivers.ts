import type { Plan } from '../adapters/adapter.ts';
import { startRequest } from './httpDriver.ts';
import { startProcess, type ProcessOptions, type ProcessRun } from './processDriver.ts';

/** One execution of a plan, whatever its kind. */
export type Execution = ProcessRun;
export type ExecutionOptions = ProcessOptions;

/** Hands a plan to the driver of its kind. Whatever goes wrong from here on is an outcome. */
export function startPlan(plan: Plan, options: ExecutionOptions): Execution {
  switch (plan.kind) {
    case 'process':
    case 'duplex':
      return startProcess(plan, options);
    case 'http':
      return startRequest(plan, options);
  }
}
