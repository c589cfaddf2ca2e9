/** Whoever pulls, as a handler: a call offers what it was given, and settles when that is done with. */
import {
  EVERY_SECOND,
  type HandlerAdapter,
  nothing,
  type Settled,
} from '../delivery/handler-adapter.ts'
import type { ResolvedCheckpointPolicy } from '../options.ts'
import type { RecordBatch } from '../record.ts'
import type { Acknowledgements } from './acknowledgements.ts'
import { Offer, type Offers } from './offers.ts'

/** The handler that `batches()`, the iterator and `readable()` run the consumer with. */
export interface PullHandler<T> {
  readonly pulled: {
    readonly offers: Offers<T>
    readonly isPerRecord: boolean
    /** Set: what is taken is not done yet, but acknowledged on its own, this many open at most. */
    readonly maxOutstanding: number | undefined
  }
}

export class PulledAdapter<T> implements HandlerAdapter<T> {
  readonly isPerRecord: boolean
  readonly defaultCheckpoint: ResolvedCheckpointPolicy = EVERY_SECOND
  readonly lateAcknowledgements: HandlerAdapter<T>['lateAcknowledgements']
  readonly initialize: () => void = nothing
  readonly leaseLost: () => void = nothing
  readonly shardEnded: () => void = nothing
  readonly shutdownRequested: () => void = nothing
  readonly #offers: Offers<T>
  readonly #mayTake: () => boolean
  /** What nobody has taken yet: of what is taken nothing is kept. */
  #offer: Offer<T> | undefined
  #isToldFull = false

  /** @param mayTake true while a handler may be called at this very instant (S8) */
  constructor(
    { pulled: { offers, isPerRecord, maxOutstanding } }: PullHandler<T>,
    mayTake: () => boolean,
  ) {
    this.#offers = offers
    this.#mayTake = mayTake
    this.isPerRecord = isPerRecord
    this.lateAcknowledgements =
      maxOutstanding === undefined ? undefined : { abandoned: offers.abandoned, maxOutstanding }
  }

  get isAbandoned(): boolean {
    return this.#offers.abandoned.aborted
  }

  handle(
    batch: RecordBatch<T>,
    at: number,
    acknowledgements: Acknowledgements | undefined,
  ): Settled {
    const offer = new Offer({
      ...{ batch, at, acknowledgements },
      ...{ mayTake: this.#mayTake, onTaken: this.#taken },
    })
    this.#offer = offer
    if (acknowledgements === undefined || acknowledgements.hasRoom) {
      this.#offers.put(offer)
    } else {
      this.#tellFull(batch)
      acknowledgements.onceRoom(() => {
        if (this.#offer === offer) this.#offers.put(offer)
      })
    }
    return offer.settled
  }

  takeBack(): void {
    const offer = this.#offer
    // What was taken stays with whoever took it, until that is done.
    if (offer === undefined) return
    this.#offer = undefined
    this.#offers.withdraw(offer)
    offer.giveBack()
  }

  readonly #taken = (offer: Offer<T>): void => {
    if (this.#offer === offer) this.#offer = undefined
  }

  #tellFull({ shard }: RecordBatch<T>): void {
    if (this.#isToldFull) return
    this.#isToldFull = true
    shard.logger.warn(
      { shardId: shard.shardId, maxUnacknowledged: this.lateAcknowledgements?.maxOutstanding },
      'records of readable() wait for their ack(): no more are read until some are acknowledged',
    )
  }
}
