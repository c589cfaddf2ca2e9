/**
 * 56-digit sequence numbers: `49`, the stream's birth, a count over the whole stream, the shard.
 * Fixed width, so text order is number order. The count makes storage order readable from the
 * numbers alone, and a child's numbers lie above those of its parents.
 */
const MARK = '49'
const BIRTH_DIGITS = 15
const COUNT_DIGITS = 27
const SHARD_DIGITS = 12
const LENGTH = MARK.length + BIRTH_DIGITS + COUNT_DIGITS + SHARD_DIGITS

export class SequenceAllocator {
  readonly #prefix: string
  #count = 0

  /** @param birth distinguishes streams, also one created again under an old name */
  constructor(birth: number) {
    this.#prefix = MARK + String(birth).padStart(BIRTH_DIGITS, '0')
  }

  /** The next number of the stream, for a shard. */
  next(shardIndex: number): string {
    this.#count++
    return (
      this.#prefix +
      String(this.#count).padStart(COUNT_DIGITS, '0') +
      String(shardIndex).padStart(SHARD_DIGITS, '0')
    )
  }

  /** True for a number that this stream may have given to that shard: form, stream and shard. */
  mayHaveIssued(sequenceNumber: string, shardIndex: number): boolean {
    return (
      sequenceNumber.length === LENGTH &&
      sequenceNumber.startsWith(this.#prefix) &&
      sequenceNumber.endsWith(String(shardIndex).padStart(SHARD_DIGITS, '0')) &&
      Number(sequenceNumber.slice(this.#prefix.length, LENGTH - SHARD_DIGITS)) <= this.#count
    )
  }
}
