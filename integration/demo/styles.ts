/** The ways in which the workers of a run handle records: one for all of them. */
import type { Consumer, ConsumerRecord, ShardContext } from '@millrace/consumer'

export const STYLES = ['record', 'batch', 'processor', 'iterator', 'readable'] as const
export type Style = (typeof STYLES)[number]

/** In the words of the consumer's own interface. */
export const WAYS: Readonly<Record<Style, string>> = {
  record: 'eachRecord',
  batch: 'eachBatch',
  processor: 'a processor with checkpoints of its own',
  iterator: 'for await',
  readable: 'readable() and ack()',
}

/** Hands every record to `handle`, until the consumer is closed; rejects when it fails. */
export async function consumeBy(
  style: Style,
  consumer: Consumer,
  handle: (record: ConsumerRecord, shard: ShardContext) => void,
): Promise<void> {
  switch (style) {
    case 'record':
      return await consumer.run({ eachRecord: handle })
    case 'batch':
      return await consumer.run({
        eachBatch: ({ records, shard }) => {
          for (const record of records) handle(record, shard)
        },
      })
    case 'processor':
      return await consumer.run({
        processor: () => ({
          processRecords: async ({ records, shard }) => {
            for (const record of records) handle(record, shard)
            if (records.length > 0) await shard.checkpoint()
          },
        }),
      })
    case 'iterator':
      for await (const record of consumer) handle(record, record.shard)
      return
    case 'readable':
      for await (const record of consumer.readable()) {
        handle(record, record.shard)
        record.ack()
      }
      await consumer.close()
  }
}
