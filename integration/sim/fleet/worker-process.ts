/** A worker process of the simulated fleet. */
import { Consumer } from '@millrace/consumer'
import { isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { SimulatedProcess, SimulatedWorld } from '@millrace/testing'
import type { TableChecker } from '../checkers/table-checker.ts'
import { type HandlerOptions, handlerOf } from './handlers.ts'
import type { HistoryPlan } from './history-plan.ts'
import { APPLICATION, FAILOVER_TIME_MS, STREAM } from './names.ts'

export interface WorkerProcessOptions extends Omit<HandlerOptions, 'random' | 'plan'> {
  readonly plan: HistoryPlan
  readonly world: SimulatedWorld
  readonly table: TableChecker
  /** Looked at now and then, as a process looks at a signal: true asks the worker to stop. */
  readonly stopRequested: () => boolean
  readonly onLeaseLost?: ((reason: string) => void) | undefined
}

export async function runWorker(
  process: SimulatedProcess,
  options: WorkerProcessOptions,
): Promise<void> {
  const { world, workerId, plan } = options
  const consumer = new Consumer({
    applicationName: APPLICATION,
    stream: STREAM,
    workerId,
    client: process.kinesis,
    dynamodb: process.dynamo,
    random: process.random,
    initialPosition: plan.initialPosition,
    logger: false,
    lease: {
      failoverTimeMs: FAILOVER_TIME_MS,
      workerMetrics: 'off',
      leaseCleanup: plan.leaseCleanup,
    },
    retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 500 },
    ...(plan.handler === 'processor' ? {} : { checkpoint: { everyMs: 1000 } }),
  })
  consumer.on('leaseAcquired', ({ shardId, epoch }) => {
    world.note('lease-acquired', { shardId, epoch })
    world.count('lease.acquired')
  })
  consumer.on('leaseLost', ({ shardId, epoch }, reason) => {
    world.note('lease-lost', { shardId, epoch, reason })
    world.count(`lease.${reason}`)
    void options.deliveries.ended({ shardId, epoch, workerId })
    options.onLeaseLost?.(reason)
  })
  consumer.on('checkpointed', ({ shardId, sequenceNumber, subSequenceNumber }) =>
    options.table.announced(shardId, { sequenceNumber, subSequenceNumber }),
  )
  consumer.on('shardEnded', ({ shardId }) => world.note('shard-ended', { shardId }))
  consumer.on('error', (error) => {
    // What a service refused is the faults' doing; anything else is a bug.
    if (isServiceError(error)) world.count(`trouble.${error.kind}`)
    else world.violation('CRASH', `${workerId}: ${String(error)}`)
  })
  const running = consumer.run(handlerOf({ ...options, random: process.random }))
  const over = new AbortController()
  void closeWhenAsked(consumer, options.stopRequested, over.signal)
  await running
  await consumer.close()
  over.abort()
}

/** Within this process: what it starts dies with it. */
async function closeWhenAsked(
  consumer: Consumer,
  stopRequested: () => boolean,
  over: AbortSignal,
): Promise<void> {
  while (!stopRequested()) {
    await sleep(LOOK_EVERY_MS, over).catch(() => undefined)
    if (over.aborted) return
  }
  await consumer.close()
}

const LOOK_EVERY_MS = 250
