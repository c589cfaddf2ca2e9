/**
 * What all shards of a consumer hold of responses together, bounded: a place is reserved before a
 * page is asked for, corrected when it is here, and given back after its handler (S16). No I/O.
 */
import { AbortedError } from '@millrace/core'
import { LIMITS } from '@millrace/core/internal'

/** No response of the service holds more. */
const LARGEST_PAGE_BYTES = LIMITS.getRecordsMaxBytes
/** What is reserved at least: pages of a shard at its tip are smaller than their neighbours. */
const LEAST_RESERVED_BYTES = 64 * 1024
/**
 * Of the bound, what pages read ahead may take: handlers that hang on a few shards must leave room
 * for the first page of every other.
 */
const READ_AHEAD_SHARE = 0.5

interface Waiting {
  readonly reads: ShardReads
  readonly bytes: number
  grant(): void
}

export class ReadBudget {
  readonly #maxBytes: number
  #bytes = 0
  #waiting: Waiting[] = []

  /** @param maxBytes a larger page is read all the same, once nothing else is held */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes reserved or held; never above the bound, but for one page that is larger by itself. */
  get bytes(): number {
    return this.#bytes
  }

  /** Somebody waits for room. */
  get isShort(): boolean {
    return this.#waiting.length > 0
  }

  /** One a tenure: the shards take turns. */
  forShard(): ShardReads {
    return new ShardReads(this)
  }

  get maxBytes(): number {
    return this.#maxBytes
  }

  /** For `ShardReads`: resolves when the bytes are charged. */
  charge(reads: ShardReads, bytes: number, signal: AbortSignal): Promise<PageHold> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new AbortedError('Reading a shard'))
        return
      }
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== one)
        reject(new AbortedError('Reading a shard'))
        this.#admit()
      }
      const one: Waiting = {
        reads,
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort)
          this.#bytes += bytes
          resolve(reads.hold(bytes))
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(one)
      this.#admit()
    })
  }

  /** For `PageHold`: false when there is no room for so many. */
  correct(fromBytes: number, toBytes: number): boolean {
    const others = this.#bytes - fromBytes
    if (others > 0 && others + toBytes > this.#maxBytes) return false
    this.#bytes = others + toBytes
    if (toBytes < fromBytes) this.#admit()
    return true
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes
    this.#admit()
  }

  /** First pages before pages read ahead, each in the order of asking: nobody is overtaken for ever. */
  #admit(): void {
    if (this.#waiting.length === 0) return
    if (!this.#admitWhere((one) => one.reads.pages === 0, this.#maxBytes)) return
    this.#admitWhere((one) => one.reads.pages > 0, this.#maxBytes * READ_AHEAD_SHARE)
  }

  /** False when one of them has to wait. */
  #admitWhere(isMeant: (one: Waiting) => boolean, boundBytes: number): boolean {
    for (const one of this.#waiting.filter(isMeant)) {
      if (this.#bytes > 0 && this.#bytes + one.bytes > boundBytes) return false
      this.#waiting = this.#waiting.filter((other) => other !== one)
      one.grant()
    }
    return true
  }
}

/** The pages of one shard in the budget. */
export class ShardReads {
  readonly #budget: ReadBudget
  readonly #holds = new Set<PageHold>()
  #expectedBytes = LARGEST_PAGE_BYTES
  #isTurnedAway = false

  constructor(budget: ReadBudget) {
    this.#budget = budget
  }

  /** Waits for room for a page of the size that this shard's pages have, the largest at first. */
  reserve(signal: AbortSignal): Promise<PageHold> {
    // Whole, the bound of a small budget would be free only while no handler runs anywhere.
    const most = this.#budget.maxBytes * (this.#isTurnedAway ? 1 : 1 - READ_AHEAD_SHARE)
    const bytes = Math.min(this.#expectedBytes, most)
    return this.#budget.charge(this, bytes, signal)
  }

  /** Nothing of this shard is held any more, wherever it has got to. */
  releaseAll(): void {
    for (const hold of [...this.#holds]) hold.release()
  }

  /** Reserved or held. */
  get pages(): number {
    return this.#holds.size
  }

  /** For `ReadBudget`: so many bytes are charged. */
  hold(bytes: number): PageHold {
    const hold = new PageHold(this, bytes)
    this.#holds.add(hold)
    return hold
  }

  /** For `PageHold`. */
  correct(fromBytes: number, toBytes: number): boolean {
    return this.#budget.correct(fromBytes, toBytes)
  }

  /** For `PageHold`. */
  released(hold: PageHold, bytes: number): void {
    this.#holds.delete(hold)
    this.#budget.giveBack(bytes)
  }

  /** For `PageHold`: a page of that size has come. */
  learn(bytes: number): void {
    this.#isTurnedAway = false
    const larger = Math.max(2 * bytes, this.#expectedBytes / 2)
    this.#expectedBytes = Math.min(LARGEST_PAGE_BYTES, Math.max(LEAST_RESERVED_BYTES, larger))
  }

  /** For `PageHold`: there was no room for a page. The next one has room for any. */
  turnedAway(): void {
    this.#isTurnedAway = true
    this.#expectedBytes = LARGEST_PAGE_BYTES
  }
}

/** The place of one page, from before it is asked for until its last record is handled. */
export class PageHold {
  readonly #reads: ShardReads
  #bytes: number
  #isHeld = true

  constructor(reads: ShardReads, bytes: number) {
    this.#reads = reads
    this.#bytes = bytes
  }

  /**
   * The page is here. False when it is larger than what was reserved and nothing is left for it: it
   * must be let go, and read again with room for the largest.
   */
  accept(bytes: number): boolean {
    if (!this.#isHeld) return false
    if (!this.#reads.correct(this.#bytes, bytes)) {
      this.#reads.turnedAway()
      this.release()
      return false
    }
    this.#bytes = bytes
    this.#reads.learn(bytes)
    return true
  }

  /** The page is handled, or was never accepted. Again: nothing happens. */
  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#reads.released(this, this.#bytes)
  }
}
