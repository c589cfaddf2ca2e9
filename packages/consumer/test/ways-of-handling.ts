/** Every way of handling records, driven alike: the work is called with what the way hands over. */
import type { Consumer } from '../src/consumer.ts'
import type { ConsumerOptions } from '../src/options.ts'
import type { ConsumerRecord, ShardContext } from '../src/record.ts'

export interface Item {
  readonly records: readonly ConsumerRecord<string>[]
  readonly shard: ShardContext
}

export type Work = (item: Item) => Promise<void> | void

export interface WayOfHandling {
  readonly name: string
  readonly unit: 'record' | 'batch'
  /** Whether the application pulls: an error ends its loop and closes the consumer, as `break` does. */
  readonly pulls: boolean
  /** Where reading on waits for the work; `readable()` reads ahead. */
  readonly readsAhead: boolean
  /** Records of other keys are handed over while one is worked on. */
  readonly overtakes?: true
  readonly options?: Partial<ConsumerOptions<string>>
  /**
   * Handles until the consumer ends; rejects with what it failed with.
   *
   * @param work what throws here, the handler or the body of the loop throws; 'leave' is a `break`
   */
  run(consumer: Consumer<string>, work: (item: Item) => unknown): Promise<void>
}

export const LEAVE = 'leave'

export const WAYS: readonly WayOfHandling[] = [
  {
    ...{ name: 'eachRecord', unit: 'record', pulls: false, readsAhead: false },
    run: (consumer, work) =>
      consumer.run({
        eachRecord: async (record, shard) => void (await work({ records: [record], shard })),
      }),
  },
  {
    ...{ name: 'eachRecord side by side', unit: 'record', pulls: false, readsAhead: true },
    overtakes: true,
    options: { concurrencyPerShard: 3 },
    run: (consumer, work) =>
      consumer.run({
        eachRecord: async (record, shard) => void (await work({ records: [record], shard })),
      }),
  },
  {
    ...{ name: 'eachBatch', unit: 'batch', pulls: false, readsAhead: false },
    run: (consumer, work) => consumer.run({ eachBatch: async (batch) => void (await work(batch)) }),
  },
  {
    ...{ name: 'processor', unit: 'batch', pulls: false, readsAhead: false },
    run: (consumer, work) =>
      consumer.run({
        processor: () => ({
          processRecords: async (batch) => {
            await work(batch)
            await batch.shard.checkpoint().catch(() => undefined)
          },
        }),
      }),
  },
  {
    ...{ name: 'batches()', unit: 'batch', pulls: true, readsAhead: false },
    run: async (consumer, work) => {
      for await (const batch of consumer.batches()) if ((await work(batch)) === LEAVE) break
    },
  },
  {
    ...{ name: 'for await', unit: 'record', pulls: true, readsAhead: false },
    run: async (consumer, work) => {
      for await (const record of consumer) {
        if ((await work({ records: [record], shard: record.shard })) === LEAVE) break
      }
    },
  },
  {
    ...{ name: 'readable()', unit: 'record', pulls: true, readsAhead: true },
    run: async (consumer, work) => {
      for await (const record of consumer.readable()) {
        if ((await work({ records: [record], shard: record.shard })) === LEAVE) break
        record.ack()
      }
      // As the end of a stream does not wait for it.
      await consumer.close()
    },
  },
]
