/** Wires the parts that serve one tenure of a shard. */
import type { KinesisPort, Logger, Random } from '@millrace/core'
import { type ControlPlane, monotonicMs } from '@millrace/core/internal'
import { isLoudFailure } from '../backoff.ts'
import { AutoCheckpoint } from '../delivery/auto-checkpoint.ts'
import { BatchDelivery } from '../delivery/batch-delivery.ts'
import { CheckpointTracker } from '../delivery/checkpoint-tracker.ts'
import { ConcurrentDelivery } from '../delivery/concurrent-delivery.ts'
import { adaptHandler, type HandlerAdapter } from '../delivery/handler-adapter.ts'
import { HandlerRetry } from '../delivery/handler-retry.ts'
import { MalformedPolicy } from '../delivery/malformed-policy.ts'
import { PageDelivery } from '../delivery/page-delivery.ts'
import type { RecordDelivery } from '../delivery/record-delivery.ts'
import { ShardCheckpointer } from '../delivery/shard-checkpointer.ts'
import { shardContext } from '../delivery/shard-context.ts'
import { ShardHealth } from '../delivery/shard-health.ts'
import { ThroughputMeter } from '../delivery/throughput-meter.ts'
import type { EmitConsumerEvent } from '../events.ts'
import { measuredReads } from '../metrics/measured.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'
import type { ResolvedConsumerOptions } from '../options.ts'
import { Acknowledgements } from '../pulling/acknowledgements.ts'
import { PulledAdapter, type PullHandler } from '../pulling/pulled-adapter.ts'
import type { ShardContext } from '../record.ts'
import type { Handler } from '../record-processor.ts'
import { copyingCodec } from '../retrieval/copying-codec.ts'
import { PageDeaggregator } from '../retrieval/page-deaggregator.ts'
import { PollingSource } from '../retrieval/polling-source.ts'
import { Prefetch } from '../retrieval/prefetch.ts'
import type { ReadBudget, ShardReads } from '../retrieval/read-budget.ts'
import type { RecordDistribution } from '../retrieval/record-distribution.ts'
import { deliveredBefore } from '../retrieval/start-position.ts'
import { toldWaits } from '../retrieval/told-waits.ts'
import { renewalIntervalMs } from '../tenure/belief.ts'
import type { Tenure } from '../tenure/tenure.ts'
import { PauseGate } from './pause-gate.ts'
import { type EndShard, ShardEnding } from './shard-ending.ts'
import { ShardHalt } from './shard-halt.ts'
import { missedReporter, troubleReporter } from './trouble-reporter.ts'

/** Of a shard with `concurrencyPerShard`: how far others go on beyond a record that is not done. */
const MOST_RECORDS_AHEAD = 10_000
/** Of the pause between two renewals; a timer may fire a little early by another clock reading. */
const THROUGHPUT_WINDOW = 0.9

export interface ShardConsumerOptions<T> {
  readonly tenure: Tenure
  /** Name of the stream, for handlers, events and logs. */
  readonly stream: string
  readonly options: ResolvedConsumerOptions<T>
  readonly kinesis: Pick<KinesisPort, 'getRecords'>
  readonly control: Pick<ControlPlane, 'shardIterator' | 'listShards'>
  /** Shared by all shards of the worker. */
  readonly budget: ReadBudget
  readonly distribution: RecordDistribution
  readonly handler: Handler<T> | PullHandler<T>
  /** Ids of the parent shards whose records are not all done yet; the signal ends the question. */
  readonly parentsEnded: (halted: AbortSignal) => Promise<readonly string[]>
  /** Called before SHARD_END is stored, and again until it succeeds: it must be idempotent. */
  readonly endShard: EndShard
  readonly emit: EmitConsumerEvent
  readonly logger: Logger
  readonly metrics: ConsumerMeter
  readonly random: Random
}

export interface ShardParts<T> {
  readonly halt: ShardHalt
  readonly gate: PauseGate
  readonly health: ShardHealth
  readonly shard: ShardContext
  readonly adapter: HandlerAdapter<T>
  readonly retry: HandlerRetry<T>
  readonly auto: AutoCheckpoint | undefined
  /** Set: what was handed out is done once it was acknowledged. */
  readonly acknowledgements: Acknowledgements | undefined
  readonly reads: ShardReads
  readonly prefetch: Prefetch
  readonly batches: RecordDelivery<T>
  readonly pages: PageDelivery<T>
  readonly throughput: ThroughputMeter
  readonly ending: ShardEnding<T>
  readonly tracker: CheckpointTracker
}

export function assembleShard<T>(given: ShardConsumerOptions<T>): ShardParts<T> {
  const { tenure, stream, options, emit, logger, metrics, random } = given
  const { shardId, lease } = tenure
  const halt = new ShardHalt(tenure.signal)
  const gate = new PauseGate()
  const health = new ShardHealth()
  const tracker = new CheckpointTracker(shardId, lease.checkpoint)
  const checkpointer = new ShardCheckpointer({ tenure, tracker, signal: halt.lost })
  const shard = shardContext(tenure, { stream, logger, signal: halt.lost }, checkpointer)
  const adapter = adapterOf(given, halt)
  const policy = options.checkpoint ?? adapter.defaultCheckpoint
  const auto =
    policy === 'manual'
      ? undefined
      : new AutoCheckpoint({
          policy,
          store: async () => {
            await checkpointer.storeDone()
            health.checkpointWorked()
          },
          signal: halt.lost,
          random,
          onFailure: (error, failures) => {
            health.checkpointFailed(error)
            if (!isLoudFailure(failures)) return
            logger.warn({ err: error, shardId, failures }, 'a checkpoint could not be stored yet')
          },
        })
  const concurrency = 'eachRecord' in given.handler ? options.concurrencyPerShard : 1
  const gone = new AbortController()
  const late =
    concurrency > 1
      ? { abandoned: gone.signal, maxOutstanding: MOST_RECORDS_AHEAD }
      : adapter.lateAcknowledgements
  const acknowledgements =
    late &&
    new Acknowledgements({
      ...late,
      onDone: (at, records) => {
        tracker.markDone(at)
        auto?.worked(records)
      },
    })
  const retry = new HandlerRetry<T>({
    ...{ stream, shardId, onHandlerError: options.onHandlerError, halt },
    ...{ emit, logger, metrics, random },
  })
  const batches =
    concurrency > 1 && acknowledgements !== undefined
      ? new ConcurrentDelivery<T>({
          ...{ tenure, adapter, acknowledgements, retry, halt, gate, health, concurrency },
          abandon: () => gone.abort(),
          maxBytes: options.retrieval.maxPendingBytes,
        })
      : new BatchDelivery<T>({
          ...{ tenure, adapter, tracker, auto, acknowledgements, retry, halt, gate, health },
        })
  const deaggregator = new PageDeaggregator<T>({
    codec: options.copy ? copyingCodec(options.codec) : options.codec,
    after: deliveredBefore(lease.checkpoint),
    hashKeyRange: given.distribution.isAuto ? undefined : lease.hashKeyRange,
    onMisplacedAggregate: options.onMisplacedAggregate,
    onMisplaced: (sequenceNumber, outOfRange) => {
      emit('misplacedAggregate', { stream, shardId, sequenceNumber, outOfRange })
      metrics.put('MisplacedUserRecords', outOfRange, 'Count', {
        Operation: 'ProcessTask',
        ShardId: shardId,
      })
    },
  })
  const { onMalformed } = options
  const malformed = new MalformedPolicy({ stream, shardId, onMalformed, emit, logger, metrics })
  const throughput = new ThroughputMeter({
    storedKBps: lease.throughputKBps,
    windowMs: THROUGHPUT_WINDOW * renewalIntervalMs(options.lease.failoverTimeMs),
    nowMs: monotonicMs(),
  })
  const pages = new PageDelivery<T>({
    ...{
      shard,
      deaggregator,
      batches,
      malformed,
      retry,
      tracker,
      auto,
      acknowledgements,
      health,
      throughput,
      metrics,
    },
    // Halted: what is left of the page is nobody's business here.
    mayBeAuto: () => given.distribution.mayBeAuto(monotonicMs(), halt.signal).catch(() => true),
    limits: {
      maxRecords: options.maxRecordsPerBatch,
      maxBytes: options.retrieval.maxPendingBytes,
      maxWaitMs: adapter.isPerRecord ? 0 : options.maxBatchWaitMs,
    },
    isMemoryShort: () => given.budget.isShort,
  })
  const reads = given.budget.forShard()
  const source = new PollingSource({
    ...measuredReads(given.kinesis, given.control, metrics, shardId),
    stream: options.stream,
    shardId,
    stored: lease,
    initialPosition: options.initialPosition,
    polling: options.retrieval,
    random,
    recordStartTimestamp: (startTimestampMs) => tenure.recordStartTimestamp(startTimestampMs),
    reads: toldWaits(reads, (waitedMs) =>
      logger.warn(
        { stream, shardId, waitedMs },
        'a shard is not read: what handlers hold fills retrieval.maxTotalPendingBytes',
      ),
    ),
    onFailure: troubleReporter({ stream, shardId, health, emit, logger }),
    onMissed: missedReporter({ stream, shardId, emit, logger, metrics }),
  })
  const { maxPendingBatches, maxPendingRecords, maxPendingBytes } = options.retrieval
  const prefetch = new Prefetch({
    ...{ source, maxPendingBatches, maxPendingRecords, maxPendingBytes },
    takenBytes: () => pages.heldBytes,
  })
  const ending = new ShardEnding<T>({
    ...{ shard, endShard: given.endShard, adapter, retry, batches, tracker, checkpointer, auto },
    ...{ halt, health, emit, logger, metrics, random },
  })
  return {
    ...{
      halt,
      gate,
      health,
      shard,
      adapter,
      retry,
      auto,
      acknowledgements,
      reads,
      prefetch,
      batches,
      pages,
      throughput,
      ending,
      tracker,
    },
  }
}

function adapterOf<T>(
  { handler, tenure, stream }: ShardConsumerOptions<T>,
  halt: ShardHalt,
): HandlerAdapter<T> {
  if (!('pulled' in handler)) return adaptHandler(handler, { stream, shardId: tenure.shardId })
  return new PulledAdapter(handler, () => {
    if (!tenure.believes()) halt.loseLease()
    return halt.reason === undefined
  })
}
