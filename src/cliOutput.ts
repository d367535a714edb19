/** How a program ends that writes to a pipe which nobody reads any more: 128 and the number of SIGPIPE. */
const unreadCode = 141;

/**
 * Ends this program without a word once nobody reads its output (`reveille … | head`), as usual tools end. What it has asked the runtime
 * for goes on there. Any other failure of the output is said, and ends it with 1; where errors are not read, they are left unsaid.
 */
export function endWithReader({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>): void {
  stderr.on('error', () => undefined);
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isUnread(error)) process.exit(unreadCode);
    stderr.write(`The output could not be written: ${error.message}\n`);
    process.exit(1);
  });
}

/** Pipes of Windows end with EOF. */
function isUnread({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EOF' || code === 'ECONNRESET';
}
