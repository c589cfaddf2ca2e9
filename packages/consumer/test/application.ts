/** An application for tests: a stream, a lease table and consumers of it, in virtual time. */
import type { dynamo } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import {
  runInVirtualTime,
  SimulatedDynamo,
  type SimulatedDynamoOptions,
  SimulatedKinesis,
  type SimulatedKinesisOptions,
  type VirtualTime,
} from '@millrace/testing'
import { Consumer } from '../src/consumer.ts'
import type { ConsumerEvents } from '../src/events.ts'
import type { ConsumerOptions } from '../src/options.ts'
import type { Handler } from '../src/record-processor.ts'
import { utf8 } from './shard-fixture.ts'

export const STREAM = 'orders'
export const TABLE = 'orders-app'
export const SHARD = 'shardId-000000000000'

export interface Delivery {
  readonly workerId: string
  readonly shardId: string
  readonly data: string
  readonly atMs: number
}

export interface Happening {
  readonly name: keyof ConsumerEvents
  readonly args: readonly unknown[]
  readonly atMs: number
}

const EVENTS: readonly (keyof ConsumerEvents)[] = [
  'stateChange',
  'leaseAcquired',
  'leaseLost',
  'handoffEnded',
  'shardEnded',
  'checkpointed',
  'error',
]

/** A consumer, and what it said. */
export class Probe {
  readonly consumer: Consumer<string>
  readonly happenings: Happening[] = []
  readonly #application: Application

  constructor(application: Application, consumer: Consumer<string>) {
    this.#application = application
    this.consumer = consumer
    for (const name of EVENTS) {
      consumer.on(name, (...args: readonly unknown[]) => {
        this.happenings.push({ name, args, atMs: application.time.elapsedMs() })
      })
    }
  }

  /** Arguments of each event of this name. */
  heard(name: keyof ConsumerEvents): (readonly unknown[])[] {
    return this.happenings.filter((happening) => happening.name === name).map(({ args }) => args)
  }

  get states(): unknown[] {
    return this.heard('stateChange').map(([state]) => state)
  }

  /** Runs with a handler that notes what it gets, then does `then`. */
  run(then?: (data: string) => void | Promise<void>): Promise<void> {
    return this.runWith({
      eachRecord: (record, shard) => {
        this.#application.deliveries.push({
          workerId: this.consumer.workerId,
          shardId: shard.shardId,
          data: record.data,
          atMs: this.#application.time.elapsedMs(),
        })
        return then?.(record.data)
      },
    })
  }

  runWith(handler: Handler<string>, options?: { readonly signal?: AbortSignal }): Promise<void> {
    const running = this.consumer.run(handler, options)
    // A test that fails early must not add an unhandled rejection to its own failure.
    running.catch(() => undefined)
    return running
  }
}

export class Application {
  readonly time: VirtualTime
  readonly kinesis: SimulatedKinesis
  readonly dynamo: SimulatedDynamo
  readonly deliveries: Delivery[] = []

  constructor(
    time: VirtualTime,
    kinesis?: SimulatedKinesisOptions,
    dynamo?: SimulatedDynamoOptions,
  ) {
    this.time = time
    this.kinesis = new SimulatedKinesis({ limits: false, ...kinesis })
    this.dynamo = new SimulatedDynamo(dynamo)
  }

  /** Reads everything from the start unless told otherwise. */
  consumer(workerId: string, options: Partial<ConsumerOptions<string>> = {}): Consumer<string> {
    return new Consumer<string>({
      applicationName: TABLE,
      stream: STREAM,
      workerId,
      codec: utf8,
      initialPosition: 'TRIM_HORIZON',
      client: this.kinesis,
      dynamodb: this.dynamo,
      random: this.time.random(workerId),
      logger: false,
      retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 500 },
      ...options,
      // What this machine does must not show in a test.
      lease: { workerMetrics: 'off', ...options.lease },
    })
  }

  worker(workerId: string, options?: Partial<ConsumerOptions<string>>): Probe {
    return new Probe(this, this.consumer(workerId, options))
  }

  /** Records, spread over the whole range of hash keys. */
  async put(...texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      await this.kinesis.putRecord({
        StreamName: STREAM,
        Data: Buffer.from(text),
        PartitionKey: text,
      })
    }
  }

  get delivered(): string[] {
    return this.deliveries.map(({ data }) => data)
  }

  /** Rows that are leases, by key. */
  leases(): Map<string, dynamo.Item> {
    return new Map(
      this.#rows()
        .filter((row) => row['checkpoint'] !== undefined)
        .map((row) => [row['leaseKey']?.S ?? '', row]),
    )
  }

  owners(): (string | undefined)[] {
    return [...this.leases().values()].map((row) => row['leaseOwner']?.S)
  }

  row(leaseKey: string): dynamo.Item | undefined {
    return this.#rows().find((row) => row['leaseKey']?.S === leaseKey)
  }

  /** @throws Error when it has not come true in time */
  async until(what: string, condition: () => boolean, timeoutMs = 60_000): Promise<void> {
    const endMs = this.time.elapsedMs() + timeoutMs
    while (!condition()) {
      if (this.time.elapsedMs() >= endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
      await sleep(50)
    }
  }

  #rows(): dynamo.Item[] {
    return this.dynamo.tableNames().includes(TABLE) ? this.dynamo.items(TABLE) : []
  }
}

export interface ApplicationOptions {
  readonly shards?: number
  readonly seed?: number
  readonly kinesis?: SimulatedKinesisOptions
  readonly dynamo?: SimulatedDynamoOptions
}

export function inApplication(
  body: (application: Application) => Promise<void>,
  { shards = 1, seed, kinesis, dynamo }: ApplicationOptions = {},
): Promise<void> {
  return runInVirtualTime(
    async (time) => {
      const application = new Application(time, kinesis, dynamo)
      await application.kinesis.createStream({ StreamName: STREAM, ShardCount: shards })
      await body(application)
    },
    { seed },
  )
}

export function numbered(count: number, prefix = 'r'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(3, '0')}`)
}
