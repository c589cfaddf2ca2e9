/**
 * Loads and refreshes the map of open shards: one load at a time, with back-off, only when somebody
 * needs it. The ranges of shards outlive a refresh for a while: answers about them still come in.
 */
import type { Logger, Random } from '@millrace/core'
import {
  type ControlPlane,
  HashWordRange,
  ShardMap,
  startTimer,
  stopTimer,
} from '@millrace/core/internal'
import { Alarm, clockMs } from './pipeline/alarm.ts'

export interface ShardMapLoaderOptions {
  /** Without retries that would come faster than one call a second. */
  readonly control: ControlPlane
  readonly streamName: string
  readonly random: Random
  readonly logger: Logger
  readonly loaded: (map: ShardMap) => void
  /** The stream places records by itself: shards cannot be predicted. */
  readonly placesItself: () => void
  /** A load failed; loads go on. `retryable` false: soon is unlikely. */
  readonly failed: (error: unknown, retryable: boolean) => void
}

const FIRST_BACKOFF_MS = 1000
const BACKOFF_FACTOR = 1.5
const MAX_BACKOFF_MS = 30_000
const LOAD_TIMEOUT_MS = 15_000
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
  #distributionKnown = false
  #updatedAtMs = Number.NEGATIVE_INFINITY
  #nextLoadMs = Number.NEGATIVE_INFINITY
  #backoffMs = FIRST_BACKOFF_MS

  constructor(options: ShardMapLoaderOptions) {
    this.#options = options
  }

  /** Asks for a load, if no map is newer than `seenAtMs`. False if one is. */
  invalidate(seenAtMs: number): boolean {
    if (seenAtMs <= this.#updatedAtMs) return false
    this.#wanted = true
    this.#loadWhenDue()
    return true
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
    if (nowMs < this.#nextLoadMs) this.#alarm.setAt(this.#nextLoadMs, nowMs)
    else void this.#load()
  }

  async #load(): Promise<void> {
    this.#loading = true
    this.#wanted = false
    const giveUp = new AbortController()
    const onStop = (): void => giveUp.abort()
    this.#stop.signal.addEventListener('abort', onStop)
    const timer = startTimer(LOAD_TIMEOUT_MS, onStop)
    try {
      await this.#loadMap(giveUp.signal)
    } catch (error) {
      this.#afterFailure(error, giveUp.signal.aborted)
    } finally {
      stopTimer(timer)
      this.#stop.signal.removeEventListener('abort', onStop)
      this.#loading = false
      this.#loadWhenDue()
    }
  }

  async #loadMap(signal: AbortSignal): Promise<void> {
    const { control } = this.#options
    const [shards, placesItself] = await Promise.all([
      control.listShards({ Type: 'AT_LATEST' }, signal),
      this.#distributionKnown ? false : this.#streamPlacesItself(signal),
    ])
    if (this.#stop.signal.aborted) return
    const map = ShardMap.from(shards)
    const nowMs = clockMs()
    const changed = this.#remember(map, nowMs)
    this.#updatedAtMs = nowMs
    // A map that shows nothing new although records went elsewhere: the listing lags, or the
    // stream has begun to place records by itself. Ask again, later each time.
    this.#distributionKnown = changed && !placesItself
    this.#pause(changed, nowMs)
    if (placesItself) this.#options.placesItself()
    else this.#options.loaded(map)
  }

  async #streamPlacesItself(signal: AbortSignal): Promise<boolean> {
    const { control, logger, streamName } = this.#options
    try {
      const summary = await control.describe(signal)
      return summary.RecordDistributionStrategy === 'AUTO'
    } catch (err) {
      // The right to call it may be missing; most streams place by key.
      logger.debug(
        { err, stream: streamName },
        'the record distribution of the stream is not known',
      )
      return false
    }
  }

  /** True when the open shards are not those of before. */
  #remember(map: ShardMap, nowMs: number): boolean {
    const open = new Set(map.shards.map(({ shardId }) => shardId))
    const changed = open.size !== this.#open.size || [...open].some((id) => !this.#open.has(id))
    this.#open = open
    for (const { shardId, hashKeyRange } of map.shards) {
      this.#ranges.set(shardId, { range: new HashWordRange(hashKeyRange), goneSinceMs: undefined })
    }
    for (const [shardId, known] of this.#ranges) {
      if (open.has(shardId)) continue
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

  /** Producers that saw the same reshard must not list in step: the pause is jittered. */
  #pause(madeProgress: boolean, nowMs: number): void {
    if (madeProgress) this.#backoffMs = FIRST_BACKOFF_MS
    this.#nextLoadMs = nowMs + Math.ceil(this.#backoffMs * (1 + this.#options.random.next() / 2))
    if (!madeProgress) {
      this.#backoffMs = Math.min(MAX_BACKOFF_MS, this.#backoffMs * BACKOFF_FACTOR)
    }
  }
}
