/** Pulls item after item: the next pull acknowledges the last. */
import type { Offer, Offers } from './offers.ts'

export class PullIterator<T, Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #offers: Offers<T>
  readonly #itemOf: (offer: Offer<T>) => Item
  /** What the loop body works on. */
  #current: Offer<T> | undefined
  /** Settles when the calls of `next` made so far have: a caller need not wait for each. */
  #pulled: Promise<unknown> = Promise.resolve()
  #isOver = false

  constructor(offers: Offers<T>, itemOf: (offer: Offer<T>) => Item) {
    this.#offers = offers
    this.#itemOf = itemOf
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    const pulled = this.#pulled.then(() => this.#next())
    this.#pulled = pulled.catch(() => undefined)
    return pulled
  }

  /** What `break` calls. The current item is given back; the consumer closes. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#leave()
    return OVER
  }

  async throw(error: unknown): Promise<never> {
    await this.#leave()
    throw error
  }

  async #next(): Promise<IteratorResult<Item, undefined>> {
    this.#current?.acknowledge()
    this.#current = undefined
    if (this.#isOver) return OVER
    const offer = await this.#take()
    if (offer === undefined) return OVER
    // return() was called meanwhile.
    if (this.#isOver) {
      offer.giveBack()
      return OVER
    }
    this.#current = offer
    return { done: false, value: this.#itemOf(offer) }
  }

  async #take(): Promise<Offer<T> | undefined> {
    let offer: Offer<T> | undefined
    try {
      offer = await this.#offers.take()
      return offer
    } finally {
      this.#isOver ||= offer === undefined
    }
  }

  async #leave(): Promise<void> {
    this.#isOver = true
    const current = this.#current
    this.#current = undefined
    const closed = this.#offers.abandon()
    current?.giveBack()
    await closed
  }
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined }
