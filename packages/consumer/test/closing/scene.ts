/** One consumer that is about to be closed, and what a closing state does to it. */
import type { Random } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import type { SimulatedDynamoOptions } from '@millrace/testing'
import type { ConsumerOptions } from '../../src/options.ts'
import type { ShardContext } from '../../src/record.ts'
import type { Handler } from '../../src/record-processor.ts'
import { type Application, type Probe, SHARD, STREAM, TABLE } from '../application.ts'
import type { SlowPorts } from './slow-ports.ts'

export interface ClosingState {
  readonly shards?: number
  readonly dynamo?: SimulatedDynamoOptions
  readonly options?: (scene: () => Scene) => Partial<ConsumerOptions<string>>
  /** Default: counts its calls. */
  readonly handler?: (scene: Scene) => Handler<string>
  /** In place of run(): the application asks for records; settles when it is through. */
  readonly pull?: (scene: Scene) => Promise<void>
  /** Brings the state about in a consumer that was just run. */
  readonly reach: (scene: Scene) => Promise<void>
  /** Another worker is there before, and lives on. */
  readonly beside?: 'peer'
  /** run() was never called. */
  readonly isNotRun?: boolean
  /** close() can do no better than to let the leases run out. */
  readonly keepsLeases?: boolean
  /** Of a close() that is under way already, milliseconds. */
  readonly closingForMs?: number
  /** run() rejects. */
  readonly fails?: boolean
}

export class Scene {
  readonly app: Application
  readonly worker: Probe
  readonly peer: Probe | undefined
  readonly ports: SlowPorts
  readonly random: Random
  /** Handler calls that hang wait for it. */
  readonly released: Promise<void>
  release: () => void = () => {}
  /** How often the handler was called, in whichever way a state counts. */
  calls = 0
  /** Timers of handlers, which nobody can take from them. */
  handlerTimers = 0

  constructor(
    given: Pick<Scene, 'app' | 'ports' | 'random'> & {
      readonly worker: Probe
      readonly peer: Probe | undefined
    },
  ) {
    this.app = given.app
    this.worker = given.worker
    this.peer = given.peer
    this.ports = given.ports
    this.random = given.random
    this.released = new Promise((resolve) => {
      this.release = resolve
    })
  }

  /** Whole milliseconds, drawn. */
  upTo(maxMs: number): number {
    return Math.floor(this.random.next() * (maxMs + 1))
  }

  /** Waits for a drawn time. */
  async aWhile(maxMs: number): Promise<void> {
    await sleep(this.upTo(maxMs))
  }

  async hasLease(): Promise<void> {
    await this.app.until('a lease', () => this.worker.heard('leaseAcquired').length > 0)
  }

  /** The worker has a lease, and its handler is in a call. */
  async isCalled(times = 1): Promise<void> {
    await this.app.put('a record')
    await this.app.until('a handler call', () => this.calls >= times)
  }

  /** Splits the only shard. */
  async split(): Promise<void> {
    await this.app.kinesis.splitShard({
      StreamName: STREAM,
      ShardToSplit: SHARD,
      NewStartingHashKey: (1n << 127n).toString(),
    })
  }

  /** As a leader asks for a lease of a worker that lives. */
  async askAway(leaseKey: string, to: string): Promise<void> {
    await this.app.dynamo.updateItem({
      TableName: TABLE,
      Key: { leaseKey: { S: leaseKey } },
      UpdateExpression: 'SET leaseOwner = :to, checkpointOwner = :from',
      ExpressionAttributeValues: {
        ':to': { S: to },
        ':from': { S: this.worker.consumer.workerId },
      },
    })
  }
}

/** A handler call that takes up to so long; `Infinity`: until the test is over. */
export function slowCalls(maxMs: number): (scene: Scene) => Handler<string> {
  return (scene) => ({
    eachRecord: async (_record, shard) => {
      scene.calls++
      await settle(scene, maxMs, shard)
    },
  })
}

/** As real handlers are: some end when they are told to stop, some do not. */
export async function settle(scene: Scene, maxMs: number, shard?: ShardContext): Promise<void> {
  if (maxMs === Number.POSITIVE_INFINITY) return await scene.released
  const listens = scene.random.next() < 0.5
  scene.handlerTimers++
  try {
    await sleep(scene.upTo(maxMs), listens ? shard?.signal : undefined)
  } finally {
    scene.handlerTimers--
  }
}
