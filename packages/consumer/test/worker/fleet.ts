/** A fleet for tests: workers in processes of their own that can be killed, on a network with latency. */
import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import {
  type AppliedWrite,
  type ProcessHandle,
  type SimulatedProcess,
  type SimulatedWorld,
  simulate,
} from '@millrace/testing'
import { Consumer } from '../../src/consumer.ts'
import type { ConsumerOptions } from '../../src/options.ts'
import type { ShardContext } from '../../src/record.ts'
import { utf8 } from '../shard-fixture.ts'

export const STREAM = 'orders'
export const TABLE = 'orders-app'

export interface Delivery {
  readonly workerId: string
  readonly shardId: string
  readonly data: string
  readonly atMs: number
}

/** A lease that went from one worker to another. */
export interface Move {
  readonly leaseKey: string
  readonly from: string | undefined
  readonly to: string | undefined
  readonly atMs: number
}

interface Slot {
  readonly handle: ProcessHandle
  consumer?: Consumer<string>
  running?: Promise<unknown>
}

export interface StartOptions {
  /** How far its wall clock is ahead of the world's. */
  readonly clockOffsetMs?: number
  /** That run() rejects is what the test is about. */
  readonly mayFail?: boolean
  readonly options?: Partial<ConsumerOptions<string>>
  readonly handle?: (data: string, process: SimulatedProcess, shard: ShardContext) => Promise<void>
}

export class Fleet {
  readonly world: SimulatedWorld
  readonly deliveries: Delivery[] = []
  readonly moves: Move[] = []
  readonly leasesLost: string[] = []
  readonly #slots = new Map<string, Slot>()
  #put = 0

  constructor(world: SimulatedWorld) {
    this.world = world
  }

  start(workerId: string, start: StartOptions = {}): void {
    const { clockOffsetMs = 0 } = start
    const handle = this.world.spawn(
      workerId,
      async (process) => {
        // Spawned processes begin later than this function returns.
        const slot = this.#slots.get(workerId)
        const consumer = this.#consumer(process, start.options)
        if (slot !== undefined) slot.consumer = consumer
        const running = consumer.run({
          eachRecord: async ({ data }, shard) => {
            const { shardId } = shard
            this.deliveries.push({ workerId, shardId, data, atMs: this.world.nowMs() })
            await start.handle?.(data, process, shard)
          },
        })
        if (slot !== undefined) slot.running = running.catch(() => undefined)
        await (start.mayFail === true ? slot?.running : running)
      },
      { clockOffsetMs },
    )
    this.#slots.set(workerId, { handle })
  }

  kill(workerId: string): void {
    this.#slots.get(workerId)?.handle.kill()
  }

  handle(workerId: string): ProcessHandle | undefined {
    return this.#slots.get(workerId)?.handle
  }

  consumer(workerId: string): Consumer<string> {
    const consumer = this.#slots.get(workerId)?.consumer
    if (consumer === undefined) throw new Error(`${workerId} has not begun`)
    return consumer
  }

  async close(...workerIds: readonly string[]): Promise<void> {
    await Promise.all(workerIds.map((id) => this.consumer(id).close()))
    for (const id of workerIds) await this.#slots.get(id)?.handle.done
  }

  /** Numbered records, spread over the whole range of hash keys; what they are called. */
  async put(count: number): Promise<string[]> {
    const texts = Array.from({ length: count }, () => `r${++this.#put}`)
    for (const text of texts) {
      await this.world.kinesis.putRecord({
        StreamName: STREAM,
        Data: Buffer.from(text),
        PartitionKey: text,
      })
    }
    return texts
  }

  /** Puts into every open shard twice a second until the returned function is called. */
  keepPutting(): () => void {
    let stopped = false
    void (async () => {
      while (!stopped) {
        await this.put(16)
        await sleep(500)
      }
    })()
    return () => {
      stopped = true
    }
  }

  applied({ key, before, after }: AppliedWrite): void {
    if ((after ?? before)?.['checkpoint'] === undefined) return
    const from = before?.['leaseOwner']?.S
    const to = after?.['leaseOwner']?.S
    if (from === to) return
    this.moves.push({ leaseKey: key['leaseKey']?.S ?? '', from, to, atMs: this.world.nowMs() })
  }

  rows(): dynamo.Item[] {
    return this.world.dynamo.tableNames().includes(TABLE) ? this.world.dynamo.items(TABLE) : []
  }

  row(leaseKey: string): dynamo.Item | undefined {
    return this.rows().find((row) => row['leaseKey']?.S === leaseKey)
  }

  /** Lease key -> owner, of leases that are not at their end. */
  owners(): Map<string, string | undefined> {
    const open = this.rows().filter(
      (row) => row['checkpoint'] !== undefined && row['checkpoint'].S !== 'SHARD_END',
    )
    return new Map(open.map((row) => [row['leaseKey']?.S ?? '', row['leaseOwner']?.S]))
  }

  leader(): string | undefined {
    return this.row('Leader')?.['ownerName']?.S
  }

  /** Keys of the leases that this worker has. */
  leasesOf(workerId: string): string[] {
    return [...this.owners()].filter(([, owner]) => owner === workerId).map(([key]) => key)
  }

  /** True when these workers, and no others, have all leases, with counts that differ by 1 at most. */
  isSpread(leases: number, ...workerIds: readonly string[]): boolean {
    const counts = workerIds.map((id) => this.leasesOf(id).length)
    const sum = counts.reduce((a, b) => a + b, 0)
    return sum === leases && this.owners().size === leases && spread(counts) <= 1
  }

  /** Shards of which this worker has delivered something since then. */
  served(workerId: string, sinceMs: number): Set<string> {
    const since = this.deliveries.filter((d) => d.workerId === workerId && d.atMs >= sinceMs)
    return new Set(since.map(({ shardId }) => shardId))
  }

  /** @throws Error when it has not come true in time */
  async until(what: string, condition: () => boolean, timeoutMs = 60_000): Promise<number> {
    const startMs = this.world.nowMs()
    const came = await this.world.until(condition, { timeoutMs, everyMs: 50 })
    assert.ok(came, `not within ${timeoutMs} ms: ${what}`)
    return this.world.nowMs() - startMs
  }

  #consumer(
    process: SimulatedProcess,
    options: Partial<ConsumerOptions<string>> = {},
  ): Consumer<string> {
    const consumer = new Consumer<string>({
      applicationName: TABLE,
      stream: STREAM,
      workerId: process.name,
      codec: utf8,
      initialPosition: 'TRIM_HORIZON',
      client: process.kinesis,
      dynamodb: process.dynamo,
      random: process.random,
      logger: false,
      retrieval: { mode: 'polling', idleTimeBetweenReadsMs: 500 },
      ...options,
      // What this machine does must not show in a history.
      lease: { workerMetrics: 'off', ...options.lease },
    })
    consumer.on('leaseLost', ({ shardId }, reason) => {
      this.leasesLost.push(`${process.name} ${shardId} ${reason}`)
    })
    return consumer
  }
}

export interface FleetOptions {
  readonly shards: number
  readonly seed?: number
  readonly indexLagMs?: number
}

/** One history; what fails in it fails the test. */
export async function inFleet(
  { shards, seed = 1, indexLagMs = 500 }: FleetOptions,
  body: (fleet: Fleet) => Promise<void>,
): Promise<void> {
  let fleet: Fleet | undefined
  let failure: { readonly cause: unknown } | undefined
  const result = await simulate({
    seed,
    faults: { latencyMs: { min: 1, max: 20 }, indexLagMs },
    kinesis: { limits: false },
    dynamo: { onWrite: (write) => fleet?.applied(write) },
    maxVirtualMs: 3_600_000,
    programme: async (world) => {
      fleet = new Fleet(world)
      await world.kinesis.createStream({ StreamName: STREAM, ShardCount: shards })
      try {
        await body(fleet)
      } catch (cause) {
        failure = { cause }
      }
    },
  })
  if (failure !== undefined) throw failure.cause
  assert.deepEqual(result.violations, [])
}

function spread(counts: readonly number[]): number {
  return Math.max(...counts) - Math.min(...counts)
}
