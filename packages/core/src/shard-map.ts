/**
 * HOT: hash key -> open shard by binary search over typed arrays, about 10 ns a look-up among ten
 * shards, no allocation on the word path.
 */
import { InvalidStreamModelError } from './errors.ts'
import { compareHashWords, type HashWords, newHashWords, storeHashKey } from './hash-words.ts'
import { isOpen, type Shard } from './shard.ts'

const WORDS = 4

/**
 * The open shards of a stream at one moment, in the order of their hash key ranges.
 *
 * @example
 * ```ts
 * const shard = ShardMap.from(shards).shardFor(hashKeyOf('customer-7'))
 * ```
 * @public
 */
export class ShardMap {
  /** Ordered by hash key range. */
  readonly shards: readonly Shard[]
  readonly #starts: HashWords
  readonly #ends: HashWords
  readonly #probe: HashWords = newHashWords()

  private constructor(shards: readonly Shard[]) {
    this.shards = shards
    this.#starts = new Uint32Array(shards.length * WORDS)
    this.#ends = new Uint32Array(shards.length * WORDS)
    shards.forEach((shard, i) => {
      storeHashKey(shard.hashKeyRange.start, this.#starts, i * WORDS)
      storeHashKey(shard.hashKeyRange.end, this.#ends, i * WORDS)
    })
  }

  /**
   * Closed shards are left out, and so is a shard whose child is listed: a listing read over
   * several pages may show it still open. The rest need not cover the key space.
   *
   * @throws InvalidStreamModelError when two open shards own the same hash key
   */
  static from(shards: Iterable<Shard>): ShardMap {
    const listed = [...shards]
    const parents = new Set(listed.flatMap((shard) => shard.parentShardIds))
    const open = listed
      .filter((shard) => isOpen(shard) && !parents.has(shard.shardId))
      .sort((a, b) => (a.hashKeyRange.start < b.hashKeyRange.start ? -1 : 1))
    for (let i = 1; i < open.length; i++) {
      const [left, right] = [open[i - 1], open[i]]
      if (left && right && left.hashKeyRange.end >= right.hashKeyRange.start) {
        throw new InvalidStreamModelError(
          `Open shards ${left.shardId} and ${right.shardId} both own hash key ${right.hashKeyRange.start}`,
          // Reshards between two pages: a shard is listed, its grandchild is, its child is not any more.
          { hint: 'List the shards again from the first page.', retryable: true },
        )
      }
    }
    return new ShardMap(open)
  }

  /** The open shard that owns the hash key; undefined where the map has a hole. */
  shardFor(hashKey: bigint): Shard | undefined {
    if (hashKey < 0n || hashKey >> 128n !== 0n) return undefined
    storeHashKey(hashKey, this.#probe)
    return this.shards[this.indexFor(this.#probe)]
  }

  /** `shardFor` on words: an index into `shards`, or -1. */
  indexFor(words: HashWords): number {
    const starts = this.#starts
    const w0 = words[0] as number
    let low = 0
    let high = starts.length >> 2
    while (low < high) {
      const mid = (low + high) >> 1
      const start = starts[mid << 2] as number
      const after = start === w0 ? compareHashWords(starts, mid << 2, words, 0) > 0 : start > w0
      if (after) high = mid
      else low = mid + 1
    }
    const found = low - 1
    if (found < 0) return -1
    return compareHashWords(this.#ends, found << 2, words, 0) >= 0 ? found : -1
  }
}
