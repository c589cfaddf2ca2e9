/** The ways of handling in which the application asks for records, over one run of the consumer. */
import { integer, resolveOptions, resolveSignalOption } from '@millrace/core/internal'
import type { ConsumerRecord, RecordBatch } from '../record.ts'
import { Offers } from './offers.ts'
import { PullIterator } from './pull-iterator.ts'
import type { PullHandler } from './pulled-adapter.ts'
import { type PulledRecord, RecordOfShard } from './pulled-record.ts'
import { RecordReadable, type RecordStream } from './record-stream.ts'

/** @public */
export interface BatchesOptions {
  /** Closes the consumer when it fires. */
  readonly signal?: AbortSignal | undefined
}

/** @public */
export interface ReadableOptions {
  /** Records that the stream holds ready, of all shards together. Default 16, as Node's. */
  readonly highWaterMark?: number | undefined
  /**
   * Records of one shard that are handed out and not done without a gap, at most: then nothing more
   * of the shard is read, with a warning in the log, until the oldest is acknowledged. Above the
   * number of records that the application collects before it acknowledges. Default 10,000.
   */
  readonly maxUnacknowledged?: number | undefined
}

export interface PullableConsumer<T> {
  /** @throws ClosedError, InvalidOptionError when records cannot be handled so, or are already */
  claim(way: string, isPerRecord: boolean): void
  run(handler: PullHandler<T>, signal: AbortSignal | undefined): Promise<void>
  close(): Promise<void>
}

const READABLE_RULES = {
  highWaterMark: integer({ default: 16, min: 0, max: 100_000 }),
  maxUnacknowledged: integer({ default: 10_000, min: 1, max: 1_000_000 }),
}

export class Pulling<T> {
  readonly #consumer: PullableConsumer<T>

  constructor(consumer: PullableConsumer<T>) {
    this.#consumer = consumer
  }

  /** @throws InvalidOptionError */
  batches(options: BatchesOptions): AsyncIterable<RecordBatch<T>> {
    const { signal } = resolveSignalOption(options)
    const offers = this.#open('batches()', { isPerRecord: false }, signal)
    return new PullIterator(offers, ({ batch }) => batch)
  }

  records(): AsyncIterator<PulledRecord<T>, undefined> {
    const offers = this.#open('the async iterator', { isPerRecord: true })
    return new PullIterator(offers, ({ batch, at }) => {
      // An offer is only made of a record that there is.
      return new RecordOfShard(batch.records[at] as ConsumerRecord<T>, batch.shard)
    })
  }

  /** @throws InvalidOptionError */
  readable(options: ReadableOptions): RecordStream<T> {
    const { highWaterMark, maxUnacknowledged } = resolveOptions<
      Required<{ [K in keyof ReadableOptions]: number }>
    >('', options, READABLE_RULES)
    const maxOutstanding = maxUnacknowledged
    const offers = this.#open('readable()', { isPerRecord: true, maxOutstanding })
    return new RecordReadable(offers, highWaterMark) as RecordStream<T>
  }

  #open(
    way: string,
    how: { readonly isPerRecord: boolean; readonly maxOutstanding?: number },
    signal?: AbortSignal,
  ): Offers<T> {
    const consumer = this.#consumer
    const { isPerRecord, maxOutstanding } = how
    consumer.claim(way, isPerRecord)
    const offers: Offers<T> = new Offers<T>({
      run: () => consumer.run({ pulled: { offers, isPerRecord, maxOutstanding } }, signal),
      close: () => consumer.close(),
    })
    return offers
  }
}
