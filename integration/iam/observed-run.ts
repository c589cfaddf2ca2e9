/** Runs of the producer and the consumer that use whatever they have, through the AWS SDK's clients. */
import { Consumer, type LeaseOptions } from '@millrace/consumer'
import { dynamoFromSdk, kinesisOverCbor, type SdkDynamo, type SdkKinesis } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { Producer } from '@millrace/producer'
import {
  inProcessDynamo,
  inProcessKinesis,
  SimulatedDynamo,
  SimulatedKinesis,
} from '@millrace/testing'
import { RecordedActions } from './recorded-actions.ts'

export const STREAM = 'orders'
export const TABLE = 'orders-app'
/** All that may change which calls a worker makes for its table. */
export const EVERY_TABLE_OPTION: LeaseOptions = {
  table: { tags: { team: 'orders' }, deletionProtection: true, pointInTimeRecovery: true },
}

const SHARD = 'shardId-000000000000'
const HALF = 1n << 127n
const CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'simulated', secretAccessKey: 'simulated' },
}
/** Leases go through their whole life in a minute. */
const QUICK: LeaseOptions = {
  workerMetrics: 'off',
  leaseCleanup: { intervalMs: 1000, completedAfterMs: 5000 },
}

/** An account with the stream; its clients are those that users have. */
export class ObservedAccount {
  readonly kinesis = new SimulatedKinesis({ limits: false })
  readonly dynamo = new SimulatedDynamo()

  async createStream(): Promise<void> {
    await this.kinesis.createStream({ StreamName: STREAM, ShardCount: 1 })
  }

  /** One that picks the shards itself. */
  async createAutoStream(): Promise<void> {
    await this.kinesis.createStream({
      StreamName: STREAM,
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RecordDistributionStrategy: 'AUTO',
    })
  }

  clients(actions: RecordedActions): { readonly kinesis: SdkKinesis; readonly dynamo: SdkDynamo } {
    return {
      kinesis: kinesisOverCbor({
        ...CLIENT,
        requestHandler: actions.kinesis(inProcessKinesis(this.kinesis)),
      }),
      dynamo: dynamoFromSdk({
        ...CLIENT,
        requestHandler: actions.dynamo(inProcessDynamo(this.dynamo)),
      }),
    }
  }
}

/**
 * Aggregated records and an orderly end; with `withoutKey` one that only the description of a stream
 * with AUTO distribution lets pass.
 */
export async function produce(
  account: ObservedAccount,
  { withoutKey = false } = {},
): Promise<RecordedActions> {
  const actions = new RecordedActions(STREAM)
  const { kinesis } = account.clients(actions)
  const producer = new Producer({ stream: STREAM, client: kinesis, logger: false })
  const data = Buffer.from('data')
  await Promise.all([
    ...Array.from({ length: 20 }, (_, i) => producer.put({ partitionKey: `key-${i}`, data })),
    ...(withoutKey ? [producer.put({ data })] : []),
  ])
  await producer.close()
  kinesis.close()
  return actions
}

/**
 * The whole life of a fleet: start, leases, a split, a second worker, handoffs, checkpoints of both
 * kinds, shard ends, clean-up, `describe()`, a stream that is made anew, stop.
 */
export async function consume(
  account: ObservedAccount,
  lease: LeaseOptions,
): Promise<RecordedActions> {
  const actions = new RecordedActions(STREAM)
  const { kinesis, dynamo } = account.clients(actions)
  const start = (workerId: string): Worker => new Worker(workerId, { kinesis, dynamo, lease })
  const first = start('a')
  await sleep(10_000)
  await account.kinesis.splitShard({
    StreamName: STREAM,
    ShardToSplit: SHARD,
    NewStartingHashKey: HALF.toString(),
  })
  const second = start('b')
  await sleep(60_000)
  const { shards } = await second.consumer.describe()
  await first.stop()
  await second.stop()
  if (shards.length === 0) throw new Error('The fleet had no shards')
  kinesis.close()
  dynamo.close()
  return actions
}

class Worker {
  readonly consumer: Consumer
  readonly #running: Promise<void>

  constructor(
    workerId: string,
    given: {
      readonly kinesis: SdkKinesis
      readonly dynamo: SdkDynamo
      readonly lease: LeaseOptions
    },
  ) {
    this.consumer = new Consumer({
      applicationName: TABLE,
      stream: STREAM,
      workerId,
      client: given.kinesis,
      dynamodb: given.dynamo,
      initialPosition: 'TRIM_HORIZON',
      onRecreatedStream: 'reset',
      logger: false,
      lease: { ...QUICK, ...given.lease },
    })
    this.#running = this.consumer.run({
      processor: () => ({
        processRecords: async ({ shard }) => {
          const prepared = await shard.prepareCheckpoint(undefined, Buffer.from('state'))
          await prepared.checkpoint()
        },
      }),
    })
    // Said again by stop().
    this.#running.catch(() => undefined)
  }

  async stop(): Promise<void> {
    await this.consumer.close()
    await this.#running
  }
}
