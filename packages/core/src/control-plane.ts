/**
 * Control-plane calls with manners: paced below the service's limits (bottleneck), repeated with
 * jittered back-off while that can help (p-retry). Data-plane calls never pass through here.
 */
import pRetry, { AbortError } from 'p-retry'
import { CallPace } from './call-pace.ts'
import { AbortedError, KinesisError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type {
  GetShardIteratorInput,
  GetShardIteratorOutput,
  KinesisPort,
  ListShardsInput,
  ServiceShard,
  ShardFilter,
  StreamDescriptionSummary,
} from './ports/kinesis.ts'
import type { Logger } from './ports/logger.ts'
import { isServiceError } from './service-errors.ts'
import { type Shard, shardFromService } from './shard.ts'
import { type ResolvedStreamRef, streamInput } from './stream-ref.ts'

export interface ControlPlaneOptions {
  readonly kinesis: KinesisPort
  readonly stream: ResolvedStreamRef
  readonly logger: Logger
  /** Retries after the first attempt, default 5. */
  readonly retries?: number | undefined
  /** First back-off in milliseconds, default 200; jitter makes it up to twice that. It doubles up to 5 s. */
  readonly firstBackoffMs?: number | undefined
}

/** Half the service's limits: other applications call too. */
const LIST_SHARDS_MIN_TIME_MS = 20
const DESCRIBE_MIN_TIME_MS = 1000 / (LIMITS.describeStreamSummaryCallsPerSecond / 2)
const ITERATOR_MIN_TIME_MS = 10
const MAX_BACKOFF_MS = 5000
/** Listings that a moving stream may spoil (expired page token) are begun anew this often. */
const MAX_LISTINGS = 3

export class ControlPlane {
  readonly #options: ControlPlaneOptions
  readonly #listing = new CallPace({ maxConcurrent: 1, minTimeMs: LIST_SHARDS_MIN_TIME_MS })
  readonly #describing = new CallPace({ maxConcurrent: 1, minTimeMs: DESCRIBE_MIN_TIME_MS })
  readonly #iterating = new CallPace({ maxConcurrent: 8, minTimeMs: ITERATOR_MIN_TIME_MS })

  constructor(options: ControlPlaneOptions) {
    this.#options = options
  }

  /** Every shard of the stream that passes the filter, all pages, each shard once. */
  async listShards(filter?: ShardFilter, signal?: AbortSignal): Promise<Shard[]> {
    for (let listing = 1; ; listing++) {
      try {
        return await this.#listAllPages(filter, signal)
      } catch (cause) {
        if (!isServiceError(cause) || cause.kind !== 'expired-token' || listing === MAX_LISTINGS) {
          throw cause
        }
      }
    }
  }

  /** A shard iterator. One attempt: the caller knows best what to do when it is refused. */
  shardIterator(
    input: Omit<GetShardIteratorInput, 'StreamName' | 'StreamARN'>,
    signal?: AbortSignal,
  ): Promise<GetShardIteratorOutput> {
    const { kinesis, stream } = this.#options
    return this.#iterating.schedule(() =>
      kinesis.getShardIterator({ ...streamInput(stream), ...input }, { signal }),
    )
  }

  async describe(signal?: AbortSignal): Promise<StreamDescriptionSummary> {
    const { kinesis, stream } = this.#options
    const output = await this.#retried(signal, () =>
      this.#describing.schedule(() =>
        kinesis.describeStreamSummary(streamInput(stream), { signal }),
      ),
    )
    return output.StreamDescriptionSummary
  }

  async #listAllPages(
    filter: ShardFilter | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Shard[]> {
    const { kinesis, stream } = this.#options
    // Keyed by id: a page repeated after a lost reply must not list a shard twice (R28).
    const found = new Map<string, ServiceShard>()
    let nextToken: string | undefined
    do {
      // The service refuses name and filter beside a token (R27).
      const input: ListShardsInput =
        nextToken === undefined
          ? { ...streamInput(stream), MaxResults: LIMITS.listShardsMaxResults, ShardFilter: filter }
          : { NextToken: nextToken, MaxResults: LIMITS.listShardsMaxResults }
      const page = await this.#retried(signal, () =>
        this.#listing.schedule(() => kinesis.listShards(input, { signal })),
      )
      for (const shard of page.Shards) found.set(shard.ShardId, shard)
      nextToken = page.NextToken
    } while (nextToken !== undefined)
    return [...found.values()].map(shardFromService)
  }

  async #retried<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    const { retries, firstBackoffMs, logger, stream } = this.#options
    try {
      return await pRetry(() => attempt(call), {
        retries: retries ?? 5,
        minTimeout: firstBackoffMs ?? 200,
        maxTimeout: MAX_BACKOFF_MS,
        factor: 2,
        randomize: true,
        ...(signal === undefined ? {} : { signal }),
        onFailedAttempt: ({ error, attemptNumber, retriesLeft }) => {
          logger.debug(
            { err: error, attempt: attemptNumber, retriesLeft, stream: stream.streamName },
            'a control-plane call failed',
          )
        },
      })
    } catch (cause) {
      // p-retry rejects with the signal's bare reason; callers are promised errors of ours.
      if (signal?.aborted && !KinesisError.isKinesisError(cause)) {
        throw new AbortedError('A control-plane call', cause)
      }
      throw cause
    }
  }
}

/** Tells p-retry to give up at once on an error that the same call would meet again. */
async function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    if (isServiceError(cause) && cause.retryable) throw cause
    throw new AbortError(cause instanceof Error ? cause : new Error(String(cause)))
  }
}
