/** Consumers of other applications beside the fleet, in processes of the script's own. */
import { Consumer } from '@millrace/consumer'
import type { SimulatedProcess } from '@millrace/testing'
import { idOf } from '../checkers/ledger.ts'
import { FAILOVER_TIME_MS, STREAM } from '../fleet/names.ts'

export interface Guest {
  readonly consumer: Consumer
  /** Ids of the records that its handler was given. */
  readonly delivered: ReadonlySet<number>
  /** Tenures that ended against its will. */
  readonly lost: readonly string[]
  /** Settles as `run` of its consumer does. */
  readonly running: Promise<void>
}

export interface GuestOptions {
  readonly applicationName: string
  readonly initialPosition: 'TRIM_HORIZON' | 'LATEST'
  /** The handler's part of each call. */
  readonly onRecord?: ((id: number) => Promise<void>) | undefined
}

/** Its worker id is the name of its process. */
export function runGuest(process: SimulatedProcess, options: GuestOptions): Guest {
  const { applicationName, initialPosition, onRecord } = options
  const consumer = new Consumer({
    ...{ applicationName, initialPosition, stream: STREAM, workerId: process.name },
    ...{ client: process.kinesis, dynamodb: process.dynamo, random: process.random },
    logger: false,
    lease: { failoverTimeMs: FAILOVER_TIME_MS, workerMetrics: 'off' },
    // A shard is read five times a second at most, by all applications together.
    retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 1000 },
    checkpoint: { everyMs: 1000 },
  })
  const delivered = new Set<number>()
  const lost: string[] = []
  consumer.on('leaseLost', ({ shardId }, reason) => {
    if (reason !== 'released') lost.push(`${shardId}: ${reason}`)
  })
  // What a service refused is the script's doing.
  consumer.on('error', () => undefined)
  const running = consumer.run({
    eachRecord: async ({ data }) => {
      const id = idOf(data)
      await onRecord?.(id)
      delivered.add(id)
    },
  })
  running.catch(() => undefined)
  return { consumer, delivered, lost, running }
}
