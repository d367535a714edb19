/** A copy with one bit turned over. */
export function flipBit(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << bit), at);
  return copy;
}

/** Without the zeros at the end: space that was taken in advance, or given back and not yet on the disk. */
export function withoutSpace(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

/** A copy with the sector around a place, 512 bytes, zeroed. */
export function zeroSector(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const start = Math.floor(at / 512) * 512;
  return copy.fill(0, start, Math.min(copy.length, start + 512));
}
