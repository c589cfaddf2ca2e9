/** Records as they are pulled: each knows its shard, as nobody passes that along. */
import type { ConsumerRecord, ShardContext } from '../record.ts'
import type { Acknowledgement } from './acknowledgements.ts'
import type { Offer } from './offers.ts'

/** What `for await (const record of consumer)` gives. @public */
export interface PulledRecord<T = Uint8Array> extends ConsumerRecord<T> {
  /** Not enumerable: a record that is logged or copied is its data. */
  readonly shard: ShardContext
}

/** A chunk of `readable()`. @public */
export interface ReadableRecord<T = Uint8Array> extends PulledRecord<T> {
  /**
   * A chunk may have waited in the stream while its shard moved away: `shard.signal.aborted`, asked of
   * the chunk, is the truth of that very instant. Its `checkpoint()` stores what is acknowledged
   * without a gap, and takes no position beyond that. Not enumerable.
   */
  readonly shard: ShardContext
  /**
   * Says that this record is done. In any order, and any number of times; the checkpoint follows the
   * records of the shard that are done without a gap. Once the shard has moved away or the stream is
   * destroyed it does nothing.
   */
  ack(): void
}

export class RecordOfShard<T> implements PulledRecord<T> {
  readonly data: T
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  readonly approximateArrivalTimestamp: Date
  readonly aggregated: boolean
  readonly #shard: ShardContext

  constructor(record: ConsumerRecord<T>, shard: ShardContext) {
    this.data = record.data
    this.partitionKey = record.partitionKey
    this.explicitHashKey = record.explicitHashKey
    this.sequenceNumber = record.sequenceNumber
    this.subSequenceNumber = record.subSequenceNumber
    this.approximateArrivalTimestamp = record.approximateArrivalTimestamp
    this.aggregated = record.aggregated
    this.#shard = shard
  }

  get shard(): ShardContext {
    return this.#shard
  }
}

export class RecordToAcknowledge<T> extends RecordOfShard<T> implements ReadableRecord<T> {
  readonly #acknowledgement: Acknowledgement
  readonly #mayTake: () => boolean

  constructor(
    record: ConsumerRecord<T>,
    { batch: { shard }, mayTake }: Pick<Offer<T>, 'batch' | 'mayTake'>,
    acknowledgement: Acknowledgement,
  ) {
    super(record, shard)
    this.#acknowledgement = acknowledgement
    // Not the offer itself: it holds all records of its batch.
    this.#mayTake = mayTake
  }

  override get shard(): ShardContext {
    // No timer may have had its turn since the lease ran out: this looks at the clock.
    this.#mayTake()
    return super.shard
  }

  ack(): void {
    this.#acknowledgement.give()
  }
}
