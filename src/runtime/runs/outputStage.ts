/** Changes a stream of bytes on its way: each call answers what may go on so far. */
export interface OutputStage {
  push(chunk: Buffer): Buffer;
  /** The stream has ended: what was held back. */
  end(): Buffer;
}
