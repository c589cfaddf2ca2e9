/**
 * Loads and refreshes the map of open shards: one load at a time, with back-off, only when somebody
 * needs it. The ranges of shards outlive a refresh for a while: answers about them still come in.
 */
import type { Random } from '@millrace/core'
import { type ControlPlane, HashWordRange, ShardMap } from '@millrace/core/internal'
import { Deadline } from './deadline.ts'
import { Alarm, clockMs } from './pipeline/alarm.ts'
import type { StreamProbe } from './stream-probe.ts'

export interface ShardMapLoaderOptions {
  /** Without retries that would come faster than one call a second. */
  readonly control: ControlPlane
  readonly random: Random
  readonly probe: StreamProbe
  /** True while records are outstanding: only then a load is worth waiting for. */
  readonly isNeeded: () => boolean
  readonly loaded: (map: ShardMap) => void
  /** True when the stream places records by itself: shards cannot be predicted. */
  readonly isPlacedByService: () => boolean
  /** A load failed; loads go on while they are needed. `retryable` false: soon is unlikely. */
  readonly failed: (error: unknown, retryable: boolean) => void
}

const FIRST_BACKOFF_MS = 1000
const BACKOFF_FACTOR = 1.5
const MAX_BACKOFF_MS = 30_000
const LOAD_TIMEOUT_MS = 15_000
/** Producers that see the same reshard spread their first listing over this time. */
const SPREAD_MS = 200
/** How long the range of a shard that is not listed any more is kept. */
const RANGE_LIFETIME_MS = 60_000

interface KnownRange {
  readonly range: HashWordRange
  /** Since when it is listed no more. */
  goneSinceMs: number | undefined
}

export class ShardMapLoader {
  readonly #options: ShardMapLoaderOptions
  readonly #alarm = new Alarm(() => this.#loadWhenDue())
  readonly #stop = new AbortController()
  readonly #ranges = new Map<string, KnownRange>()
  #open: ReadonlySet<string> = new Set()
  #wanted = false
  #loading = false
  /** The open shards of the last map, and where they start. */
  #shape = ''
  #updatedAtMs = Number.NEGATIVE_INFINITY
  #nextLoadMs = Number.NEGATIVE_INFINITY
  #backoffMs = FIRST_BACKOFF_MS

  constructor(options: ShardMapLoaderOptions) {
    this.#options = options
  }

  /** Asks for a load, if no map is newer than `seenAtMs`. False if one is. */
  invalidate(seenAtMs: number): boolean {
    if (this.isSince(seenAtMs)) return false
    if (!this.#wanted && this.#updatedAtMs > Number.NEGATIVE_INFINITY) this.#spread()
    this.#wanted = true
    this.#loadWhenDue()
    return true
  }

  /** True when the map was listed at this time or later: asking for another one is of no use. */
  isSince(seenAtMs: number): boolean {
    return seenAtMs <= this.#updatedAtMs
  }

  /** To be called when a record comes after there was none: a load that was put off is due. */
  wake(): void {
    this.#loadWhenDue()
  }

  /** To be called when no record is outstanding: no timer is kept for a load. */
  rest(): void {
    this.#alarm.cancel()
  }

  /** The map belongs to another stream of that name: nothing that is known counts. */
  forget(): void {
    this.#ranges.clear()
    this.#open = new Set()
    this.#updatedAtMs = Number.NEGATIVE_INFINITY
    this.#options.probe.doubt()
    this.#wanted = true
    this.#loadWhenDue()
  }

  isOpen(shardId: string): boolean {
    return this.#open.has(shardId)
  }

  /** Known for open shards and, for a minute, for those that were. */
  rangeOf(shardId: string): HashWordRange | undefined {
    return this.#ranges.get(shardId)?.range
  }

  stop(): void {
    this.#alarm.stop()
    this.#stop.abort()
  }

  #loadWhenDue(): void {
    if (this.#loading || !this.#wanted || this.#stop.signal.aborted) return
    const nowMs = clockMs()
    if (nowMs >= this.#nextLoadMs) void this.#load()
    else if (this.#options.isNeeded()) this.#alarm.setAt(this.#nextLoadMs, nowMs)
  }

  async #load(): Promise<void> {
    this.#loading = true
    this.#wanted = false
    // Beside the listing: nothing that goes wrong with it may keep the map waiting.
    this.#options.probe.ask()
    const deadline = new Deadline(LOAD_TIMEOUT_MS, this.#stop.signal)
    try {
      await this.#loadMap(deadline.signal)
    } catch (error) {
      this.#afterFailure(error, deadline.signal.aborted)
    } finally {
      deadline.end()
      this.#loading = false
      this.#loadWhenDue()
    }
  }

  async #loadMap(signal: AbortSignal): Promise<void> {
    const { control, loaded, isPlacedByService } = this.#options
    const askedMs = clockMs()
    const shards = await control.listShards({ Type: 'AT_LATEST' }, signal)
    if (this.#stop.signal.aborted) return
    const map = ShardMap.from(shards)
    const nowMs = clockMs()
    const changed = this.#remember(map, nowMs)
    // What was sent while the listing was on its way may have met a stream that it does not show.
    this.#updatedAtMs = askedMs
    // A map that shows nothing new although records went elsewhere: the listing lags, or the
    // stream has begun to place records by itself. Ask again, later each time.
    if (!changed) this.#options.probe.doubt()
    this.#pause(changed, nowMs)
    if (!isPlacedByService()) loaded(map)
  }

  /** True when the open shards or their ranges are not those of before. */
  #remember(map: ShardMap, nowMs: number): boolean {
    const shape = map.shards
      .map(({ shardId, hashKeyRange: { start } }) => `${shardId} ${start}`)
      .join()
    const changed = shape !== this.#shape
    this.#shape = shape
    this.#open = new Set(map.shards.map(({ shardId }) => shardId))
    for (const { shardId, hashKeyRange } of map.shards) {
      this.#ranges.set(shardId, { range: new HashWordRange(hashKeyRange), goneSinceMs: undefined })
    }
    for (const [shardId, known] of this.#ranges) {
      if (this.#open.has(shardId)) continue
      known.goneSinceMs ??= nowMs
      if (nowMs - known.goneSinceMs > RANGE_LIFETIME_MS) this.#ranges.delete(shardId)
    }
    return changed
  }

  /** @param timedOut our own deadline ended the call: it is tried again like any slow answer */
  #afterFailure(error: unknown, timedOut: boolean): void {
    if (this.#stop.signal.aborted) return
    this.#wanted = true
    this.#pause(false, clockMs())
    const retryable = (error as { readonly retryable?: unknown } | undefined)?.retryable === true
    this.#options.failed(error, timedOut || retryable)
  }

  #spread(): void {
    const earliestMs = clockMs() + Math.floor(SPREAD_MS * this.#options.random.next())
    this.#nextLoadMs = Math.max(this.#nextLoadMs, earliestMs)
  }

  /** Producers that saw the same reshard must not list in step: the pause is full jitter above a second. */
  #pause(madeProgress: boolean, nowMs: number): void {
    if (madeProgress) this.#backoffMs = FIRST_BACKOFF_MS
    const longestMs = this.#backoffMs * 1.5
    const jitterMs = Math.ceil((longestMs - FIRST_BACKOFF_MS) * this.#options.random.next())
    this.#nextLoadMs = nowMs + FIRST_BACKOFF_MS + jitterMs
    if (!madeProgress) {
      this.#backoffMs = Math.min(MAX_BACKOFF_MS, this.#backoffMs * BACKOFF_FACTOR)
    }
  }
}
