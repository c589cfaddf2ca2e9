/** A simulated Kinesis under a clock that only the test moves, and short ways to use it. */
import type { kinesis } from '@millrace/core'
import { SimulatedKinesis, type SimulatedKinesisOptions } from '@millrace/testing'

export const HOUR_MS = 3_600_000
export const STREAM = 'orders'
export const SHARD_0 = 'shardId-000000000000'
export const MIDDLE: string = (1n << 127n).toString()

export class ClockedService extends SimulatedKinesis {
  readonly #clock: { ms: number }

  constructor(options: SimulatedKinesisOptions = {}) {
    const clock = { ms: Date.UTC(2026, 0, 1) }
    super({ ...options, nowMs: () => clock.ms })
    this.#clock = clock
  }

  get nowMs(): number {
    return this.#clock.ms
  }

  pass(ms: number): void {
    this.#clock.ms += ms
  }

  async put(...texts: readonly string[]): Promise<kinesis.PutRecordsOutput> {
    return await this.putRecords({ StreamName: STREAM, Records: texts.map(entryOf) })
  }

  async iterator(
    ShardIteratorType: kinesis.ShardIteratorType,
    rest: Partial<kinesis.GetShardIteratorInput> = {},
  ): Promise<string> {
    const answer = await this.getShardIterator({
      StreamName: STREAM,
      ShardId: SHARD_0,
      ShardIteratorType,
      ...rest,
    })
    return answer.ShardIterator
  }

  async read(ShardIterator: string, Limit?: number): Promise<kinesis.GetRecordsOutput> {
    return await this.getRecords({ ShardIterator, Limit })
  }

  async split(ShardToSplit: string, NewStartingHashKey: string = MIDDLE): Promise<void> {
    await this.splitShard({ StreamName: STREAM, ShardToSplit, NewStartingHashKey })
  }

  async shardIds(filter?: kinesis.ShardFilter): Promise<string[]> {
    const answer = await this.listShards({ StreamName: STREAM, ShardFilter: filter })
    return answer.Shards.map((shard) => shard.ShardId)
  }
}

/** A service with the stream `orders`. */
export async function clockedService(
  options: SimulatedKinesisOptions = {},
  ShardCount = 1,
): Promise<ClockedService> {
  const service = new ClockedService(options)
  await service.createStream({ StreamName: STREAM, ShardCount })
  return service
}

export function entryOf(text: string): kinesis.PutRecordsEntry {
  return { Data: Buffer.from(text), PartitionKey: text === '' ? 'key' : text }
}

export function entriesOf(count: number, bytes = 1): kinesis.PutRecordsEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    Data: new Uint8Array(bytes - 1),
    PartitionKey: String(i % 10),
  }))
}

export function textsOf(output: kinesis.GetRecordsOutput): string[] {
  return output.Records.map((record) => Buffer.from(record.Data).toString())
}

/** For `assert.rejects`. */
export function kind(wanted: string): { kind: string } {
  return { kind: wanted }
}
