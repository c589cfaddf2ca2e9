/** The consumer as the start of a Node stream pipeline. */
import { Readable } from 'node:stream'
import type { Offer, Offers } from './offers.ts'
import { type ReadableRecord, RecordToAcknowledge } from './pulled-record.ts'

/** Chunks in object mode, typed where they are iterated. @public */
export type RecordStream<T = Uint8Array> = AsyncIterable<ReadableRecord<T>> & Readable

export class RecordReadable<T> extends Readable {
  readonly #offers: Offers<T>

  constructor(offers: Offers<T>, highWaterMark: number) {
    super({ objectMode: true, highWaterMark })
    this.#offers = offers
  }

  override _read(): void {
    this.#offers.take().then(
      (offer) => this.#taken(offer),
      (error: Error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#offers.abandon().then(
      () => callback(error),
      (cause: Error) => callback(error ?? cause),
    )
  }

  #taken(offer: Offer<T> | undefined): void {
    const record = offer?.batch.records[offer.at]
    if (offer?.acknowledgements === undefined || record === undefined) {
      this.push(null)
    } else if (this.destroyed) {
      offer.giveBack()
    } else {
      const acknowledgement = offer.acknowledgements.open(record)
      // The handler call is over: what follows is read ahead while this one is worked on.
      offer.acknowledge()
      this.push(new RecordToAcknowledge(record, offer, acknowledgement))
    }
  }
}
