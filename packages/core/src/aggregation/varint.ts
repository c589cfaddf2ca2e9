/** HOT: unsigned varints below 2^32, one to five bytes; most lengths and indexes are one or two. */

/** Writes the value and returns the offset behind it. */
export function writeLengthOrIndex(target: Uint8Array, offset: number, value: number): number {
  let at = offset
  let rest = value
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
