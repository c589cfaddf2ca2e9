/** How soon a shard is read again. No I/O. */
import { LIMITS } from '@millrace/core/internal'
import type { Backoff } from '../backoff.ts'

/** Five reads a second are all that a shard grants to all its readers together. */
export const MIN_READ_INTERVAL_MS: number = 1000 / LIMITS.shardReadCallsPerSecond

/** After failed reads (R55). With a read that got no answer the pause stays within L9. */
export const READ_BACKOFF: Backoff = { firstMs: 500, capMs: 4000 }

/** From this share of the most that a page may hold, more is taken to follow. */
const NEARLY_FULL = 0.9

const BYTES_PER_MS = LIMITS.shardReadBytesPerSecond / 1000

/** Others read the shard as well: after a throttle the pause doubles, and each page takes a fifth off. */
const SLOWER = 2
const SLOWEST = 4
const QUICKER = 0.8

export interface PageSize {
  readonly records: number
  readonly bytes: number
  readonly millisBehindLatest: number | undefined
}

export interface ReadSettings {
  readonly idleTimeBetweenReadsMs: number
  readonly maxRecords: number
}

/** The pace of one shard, within what the shard grants: calls, bytes, and its other readers' share. */
export class ReadPace {
  readonly #settings: ReadSettings
  #slowness = 1
  /** Bytes read that the shard has not yet made up for; below 0 down to a second's worth. */
  #owedBytes = -LIMITS.shardReadBytesPerSecond
  #owedAtMs = 0

  constructor(settings: ReadSettings) {
    this.#settings = settings
  }

  /** Least time between the starts of two reads, milliseconds. */
  get leastMs(): number {
    return MIN_READ_INTERVAL_MS * this.#slowness
  }

  /** A read was refused because the shard has given all it may. */
  throttled(): void {
    this.#slowness = Math.min(SLOWEST, this.#slowness * SLOWER)
  }

  /**
   * A page has come of the read that was sent at `calledMs`.
   *
   * @returns time from then to the next read, milliseconds. KCL always waits the idle time.
   */
  afterPage(page: PageSize, calledMs: number): number {
    this.#slowness = Math.max(1, this.#slowness * QUICKER)
    const passedBytes = (calledMs - this.#owedAtMs) * BYTES_PER_MS
    const owedBefore = Math.max(-LIMITS.shardReadBytesPerSecond, this.#owedBytes - passedBytes)
    this.#owedBytes = owedBefore + page.bytes
    this.#owedAtMs = calledMs
    const forCallsMs = isBehind(page, this.#settings.maxRecords)
      ? this.leastMs
      : Math.max(this.leastMs, this.#settings.idleTimeBetweenReadsMs)
    // Behind a page that was cut short the service refuses every read for as long as that takes.
    const forBytesMs = (isFull(page) ? page.bytes : this.#owedBytes) / BYTES_PER_MS
    return Math.max(forCallsMs, forBytesMs)
  }
}

/** Some emulators always say 0 milliseconds behind, so a page that is nearly full counts too. */
function isBehind(page: PageSize, maxRecords: number): boolean {
  return (
    (page.millisBehindLatest ?? 0) > 0 || page.records >= NEARLY_FULL * maxRecords || isFull(page)
  )
}

function isFull(page: PageSize): boolean {
  return page.bytes >= NEARLY_FULL * LIMITS.getRecordsMaxBytes
}
