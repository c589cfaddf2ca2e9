/** Pulls item after item: the next pull acknowledges the last. */
import type { Offer, Offers } from './offers.ts'

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class PullIterator<T, Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #offers: Offers<T>
  readonly #itemOf: (offer: Offer<T>) => Item
  /** What the loop body works on. */
  #current: Offer<T> | undefined
  /** The last call of `next`, and how many have not settled: a caller need not wait for each. */
  #pulled: Promise<IteratorResult<Item, undefined>> = Promise.resolve(OVER)
  #pulls = 0
  #isOver = false

  constructor(offers: Offers<T>, itemOf: (offer: Offer<T>) => Item) {
    this.#offers = offers
    this.#itemOf = itemOf
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#pulls++ === 0) this.#pulled = this.#next()
    else {
      const next = (): Promise<IteratorResult<Item, undefined>> => this.#next()
      this.#pulled = this.#pulled.then(next, next)
    }
    return this.#pulled
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
    try {
      this.#current?.acknowledge()
      this.#current = undefined
      const offer = this.#isOver ? undefined : await this.#offers.take()
      // return() may have been called meanwhile.
      if (this.#isOver) offer?.giveBack()
      else if (offer !== undefined) {
        this.#current = offer
        return { done: false, value: this.#itemOf(offer) }
      }
      this.#isOver = true
      return OVER
    } catch (cause) {
      this.#isOver = true
      throw cause
    } finally {
      this.#pulls--
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
