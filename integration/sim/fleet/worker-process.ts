/** A worker process of the simulated fleet. */
import {
  Consumer,
  type ConsumerOptions,
  HandlerFailedError,
  InvalidCheckpointError,
} from '@millrace/consumer'
import { isServiceError, type Logger } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { SimulatedProcess, SimulatedWorld } from '@millrace/testing'
import type { Markers } from '../checkers/markers.ts'
import { ReadAhead } from '../checkers/read-ahead.ts'
import type { TableChecker } from '../checkers/table-checker.ts'
import { type HandlerOptions, handlerOf } from './handlers.ts'
import type { HistoryPlan } from './history-plan.ts'
import { LoopError, type LoopOptions, MOST_READY, pull } from './loops.ts'
import { Mischief } from './mischief.ts'
import { APPLICATION, FAILOVER_TIME_MS, HANDOFF_TIMEOUT_MS, STREAM } from './names.ts'
import { isPulling, type PullingStyle, type Style } from './styles.ts'

type OfProcess = 'isInOrderByKey' | 'random' | 'plan' | 'mischief' | 'busy' | 'onThrow' | 'onBegun'

export interface WorkerProcessOptions extends Omit<HandlerOptions, OfProcess> {
  readonly plan: HistoryPlan
  readonly style: Style
  readonly world: SimulatedWorld
  readonly table: TableChecker
  /** Looked at now and then, as a process looks at a signal: true asks the worker to stop. */
  readonly stopRequested: () => boolean
  /** close() ran into its deadline: what was on its way then may be left behind. */
  readonly onClosedLate: () => void
  readonly onLeaseLost?: ((lease: LostLease) => void) | undefined
  /** Told when it has seen that it is to stop. */
  readonly onDraining?: ((workerId: string) => void) | undefined
  readonly markers: Markers
  /** Told of each call, or turn of a loop, that begins. */
  readonly onHandled?: ((style: Style) => void) | undefined
  /** What the worker logs as a warning or an error. */
  readonly onWarning?: ((message: string) => void) | undefined
  /** True for an error that the scenario wants the worker to say, or to end with. */
  readonly mayMeet?: ((error: unknown) => boolean) | undefined
}

/** A tenure that has ended, as its worker says. */
export interface LostLease {
  readonly reason: string
  readonly atMs: number
  readonly workerId: string
  readonly shardId: string
  readonly epoch: number
}

export async function runWorker(
  process: SimulatedProcess,
  options: WorkerProcessOptions,
): Promise<void> {
  const { world, workerId, plan, style } = options
  const readAhead = readAheadOf(options)
  const consumer = new Consumer({
    applicationName: APPLICATION,
    stream: STREAM,
    workerId,
    client: readAhead.watched(process.kinesis),
    dynamodb: options.markers.watched(process.dynamo, workerId),
    random: process.random,
    ...plan.consumer,
    ...fitting(plan, style),
    initialPosition: plan.initialPosition,
    logger: warningsOnly(options.onWarning),
    lease: {
      failoverTimeMs: FAILOVER_TIME_MS,
      workerMetrics: 'off',
      gracefulHandoff: { timeoutMs: HANDOFF_TIMEOUT_MS },
      leaseCleanup: plan.leaseCleanup,
      ...plan.consumer?.lease,
    },
    retrieval: {
      mode: 'polling',
      maxRecords: plan.sizes.maxRecords,
      ...plan.consumer?.retrieval,
    },
    onHandlerError: (failure) => {
      world.count(`policy.${plan.onHandlerError}`)
      if (plan.onHandlerError === 'skip') {
        for (const record of failure.records) options.ledger.done(failure.shardId, record)
      }
      return plan.onHandlerError
    },
    ...(style === 'processor' ? {} : { checkpoint: { everyMs: 1000 } }),
  })
  consumer.on('leaseAcquired', ({ shardId, epoch }) => {
    readAhead.began(shardId)
    world.note('lease-acquired', { shardId, epoch })
    world.count('lease.acquired')
  })
  consumer.on('leaseLost', ({ shardId, epoch }, reason) => {
    readAhead.ended(shardId)
    world.note('lease-lost', { shardId, epoch, reason })
    world.count(`lease.${reason}`)
    if (reason === 'stolen') world.count('marker.steal')
    void options.deliveries.ended({ shardId, epoch, workerId })
    options.onLeaseLost?.({ reason, atMs: world.nowMs(), workerId, shardId, epoch })
  })
  consumer.on('handoffEnded', ({ shardId, to, reason }) => {
    world.note('handoff-ended', { shardId, to, reason })
    world.count(`marker.handoff-${reason}`)
  })
  consumer.on('checkpointed', ({ shardId, sequenceNumber, subSequenceNumber }) =>
    options.table.announced(shardId, { sequenceNumber, subSequenceNumber }),
  )
  consumer.on('malformed', () => world.count('malformed'))
  consumer.on('misplacedAggregate', ({ outOfRange }) => world.count('misplaced', outOfRange))
  consumer.on('retentionPassed', () => world.count('marker.retention-passed'))
  consumer.on('shardEnded', ({ shardId }) => {
    readAhead.ended(shardId)
    world.note('shard-ended', { shardId })
  })
  consumer.on('error', (error) => {
    // What a service refused is the faults' doing; anything else is a bug.
    if (isServiceError(error)) world.count(`trouble.${error.kind}`)
    // A handler has checkpointed a number of another shard: told, and read on from the oldest record.
    else if (error instanceof InvalidCheckpointError) world.count('marker.foreign-checkpoint')
    else if (options.mayMeet?.(error) === true) return
    else if (error instanceof HandlerFailedError && plan.onHandlerError === 'stop') return
    else world.violation('CRASH', `${workerId}: ${String(error)}`)
  })
  let drainingMs = Number.POSITIVE_INFINITY
  consumer.on('stateChange', (state) => {
    world.note(state)
    if (state !== 'draining') return
    drainingMs = world.nowMs()
    options.onDraining?.(workerId)
  })
  const busy = (forMs: number): Promise<void> => process.busy(forMs)
  const mischief = new Mischief({
    ...{ world, ledger: options.ledger, random: process.random },
    probability: plan.handlerMischief ?? 0,
    untilMs: plan.disturbedMs,
    busy,
  })
  const onThrow = (): void => world.count('handler.throws')
  const onBegun = (shardId: string, at: string): void => {
    readAhead.delivered(shardId, at)
    options.onHandled?.(style)
  }
  const isInOrderByKey = (fitting(plan, style).concurrencyPerShard ?? 1) > 1
  const handling = {
    ...{ ...options, random: process.random, isInOrderByKey },
    ...{ mischief, busy, onThrow, onBegun },
  }
  const running = isPulling(style)
    ? pullUnlessStuck(consumer, style, handling)
    : consumer.run(handlerOf(style, handling))
  const over = new AbortController()
  void closeWhenAsked(consumer, options, over.signal)
  await running.catch((cause: unknown) => {
    if (cause instanceof HandlerFailedError && plan.onHandlerError === 'stop') return
    if (cause instanceof LoopError || options.mayMeet?.(cause) === true) return
    // As in KCL, a start gives up after 20 attempts; whatever runs workers starts another.
    const wasSick = !options.isHealed() || world.nowMs() < plan.disturbedMs + LAST_CALL_MS
    const gaveUp = isServiceError(cause) && cause.retryable && wasSick
    if (!gaveUp) throw cause
    world.count('worker.start-given-up')
  })
  await consumer.close()
  over.abort()
  if (world.nowMs() - drainingMs >= CLOSE_TIMEOUT_MS * 0.98) options.onClosedLate()
  await mischief.settled()
  if (consumer.state !== 'stopped' && consumer.state !== 'failed') {
    world.violation('S17', `${workerId}: close() resolved while the consumer was ${consumer.state}`)
  }
  // A call to the lease table that nobody waits for any more may still be on its way.
  if (plan.exitsAtOnce !== true) await sleep(CALL_TIMEOUT_MS)
}

/** A body that never settles holds its loop for ever: such a process ends when its consumer has. */
function pullUnlessStuck(
  consumer: Consumer,
  style: PullingStyle,
  options: Omit<LoopOptions, 'onLeft'> & Pick<WorkerProcessOptions, 'world'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isStuck = false
    const look = (): void => {
      if (isStuck && (consumer.state === 'stopped' || consumer.state === 'failed')) resolve()
    }
    const onStuck = (workerId: string): void => {
      isStuck = true
      options.onStuck(workerId)
      look()
    }
    const onLeft = (how: string): void => options.world.count(`loop.${how}`)
    consumer.on('stateChange', look)
    pull(consumer, style, { ...options, onStuck, onLeft }).then(resolve, reject)
  })
}

/** A worker refuses options that are nothing to its way of handling. */
function fitting(
  { consumer = {} }: HistoryPlan,
  style: Style,
): Pick<ConsumerOptions, 'concurrencyPerShard' | 'maxBatchWaitMs'> {
  const isPerRecord = style === 'eachRecord' || style === 'iterator' || style === 'readable'
  return {
    concurrencyPerShard: style === 'eachRecord' ? consumer.concurrencyPerShard : undefined,
    maxBatchWaitMs: isPerRecord ? undefined : consumer.maxBatchWaitMs,
  }
}

function readAheadOf({ plan, style, table, world }: WorkerProcessOptions): ReadAhead {
  const { maxPendingBatches, maxPendingBytes, maxTotalPendingBytes } =
    plan.consumer?.retrieval ?? {}
  const { maxBatchWaitMs = 0, concurrencyPerShard = 1 } = fitting(plan, style)
  const isHeld = maxBatchWaitMs > 0 || concurrencyPerShard > 1
  return new ReadAhead({
    // What a stream holds ready, and the chunk that it is about to take in; any number for a batch,
    // or behind a key that waits.
    readyPages: isHeld ? Number.POSITIVE_INFINITY : style === 'readable' ? MOST_READY + 1 : 0,
    maxPendingBatches: maxPendingBatches ?? DEFAULT_PENDING_BATCHES,
    maxPendingBytes: maxPendingBytes ?? Number.POSITIVE_INFINITY,
    // What a stream holds ready is the stream's.
    maxTotalPendingBytes:
      (style === 'readable' ? undefined : maxTotalPendingBytes) ?? Number.POSITIVE_INFINITY,
    storedOf: (shardId) => table.rows.get(shardId)?.checkpoint,
    report: (rule, message) => world.violation(rule, message),
  })
}

function warningsOnly(onWarning: WorkerProcessOptions['onWarning']): Logger {
  const warn: Logger['warn'] = (_fields, message) => onWarning?.(message)
  return { debug: () => {}, info: () => {}, warn, error: warn }
}

/** Within this process: what it starts dies with it. */
async function closeWhenAsked(
  consumer: Consumer,
  { stopRequested, plan }: WorkerProcessOptions,
  over: AbortSignal,
): Promise<void> {
  while (!stopRequested()) {
    await sleep(plan.stopLookMs ?? LOOK_EVERY_MS, over).catch(() => undefined)
    if (over.aborted) return
  }
  await consumer.close({ timeoutMs: CLOSE_TIMEOUT_MS })
}

/** The consumer's own default. */
const DEFAULT_PENDING_BATCHES = 4

/** So that handlers which never settle do not hold a history up. */
export const CLOSE_TIMEOUT_MS = 5000
/** Of a call to the lease table, and a little. */
const CALL_TIMEOUT_MS = 2100
/** How soon a worker sees that it is to stop. */
/** A call whose request was lost right before everything healed is waited for so long. */
const LAST_CALL_MS = 7000
export const LOOK_EVERY_MS = 250
