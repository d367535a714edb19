/**
 * The runtime's diary. VS Code's `LogOutputChannel` satisfies it structurally.
 * Messages are constant text; what varies goes into the details. Never prompts, secrets or environment.
 */
export interface Logger {
  trace(message: string, ...details: unknown[]): void;
  debug(message: string, ...details: unknown[]): void;
  info(message: string, ...details: unknown[]): void;
  warn(message: string, ...details: unknown[]): void;
  error(message: string, ...details: unknown[]): void;
}
