/** Where shards offer what they have next, and whoever pulls takes it: first come, first served. */
import { NotHandled } from '../delivery/not-handled.ts'
import type { RecordBatch } from '../record.ts'
import type { Acknowledgements } from './acknowledgements.ts'

/** `batch.records[at]`, or the whole batch, on its way to the puller: one handler call. */
export class Offer<T> {
  readonly batch: RecordBatch<T>
  readonly at: number
  /** Where what is taken is acknowledged; undefined: `acknowledge` does it. */
  readonly acknowledgements: Acknowledgements | undefined
  /** The handler call. */
  readonly settled: Promise<void>
  /** True while its shard may begin a handler call, at this very instant (S8). */
  readonly mayTake: () => boolean
  readonly #onTaken: (offer: Offer<T>) => void
  #isTaken = false
  #resolve: () => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(offered: {
    readonly batch: RecordBatch<T>
    readonly at: number
    readonly acknowledgements: Acknowledgements | undefined
    readonly mayTake: () => boolean
    /** Told once, before whoever takes it has it. */
    readonly onTaken: (offer: Offer<T>) => void
  }) {
    this.batch = offered.batch
    this.at = offered.at
    this.acknowledgements = offered.acknowledgements
    this.mayTake = offered.mayTake
    this.#onTaken = offered.onTaken
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get isTaken(): boolean {
    return this.#isTaken
  }

  /** @returns false when it cannot be had any more */
  take(): boolean {
    if (this.#isTaken) return true
    if (!this.mayTake()) return false
    this.#isTaken = true
    this.#onTaken(this)
    return true
  }

  /** The handler call settles: it is done, or acknowledged on its own. */
  acknowledge(): void {
    this.#resolve()
  }

  /** Nothing was done of it: it is delivered again, here or elsewhere. */
  giveBack(): void {
    this.#reject(new NotHandled())
  }
}

export interface PullEngine {
  /** Starts the consumer. Settles as `run` does. */
  run(): Promise<void>
  close(): Promise<void>
}

interface Taker<T> {
  readonly resolve: (offer: Offer<T> | undefined) => void
  readonly reject: (error: unknown) => void
}

/** One puller; each shard offers one thing at a time. */
export class Offers<T> {
  readonly #engine: PullEngine
  readonly #offered = new Set<Offer<T>>()
  readonly #abandoned = new AbortController()
  #taker: Taker<T> | undefined
  /** Settles when the consumer has ended; undefined before the first `take`. */
  #running: Promise<void> | undefined
  #isOver = false

  constructor(engine: PullEngine) {
    this.#engine = engine
  }

  /** Fires when nobody pulls any more. */
  get abandoned(): AbortSignal {
    return this.#abandoned.signal
  }

  put(offer: Offer<T>): void {
    this.#offered.add(offer)
    this.#serve()
  }

  withdraw(offer: Offer<T>): void {
    this.#offered.delete(offer)
  }

  /**
   * The next offer; undefined once the consumer was closed. The first call starts the consumer.
   *
   * @throws whatever made the consumer fail
   */
  take(): Promise<Offer<T> | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.abandoned.aborted) this.#running ??= this.#run()
      this.#taker = { resolve, reject }
      this.#serve()
    })
  }

  /** Nobody pulls any more. Resolves when the consumer is closed. */
  async abandon(): Promise<void> {
    const closed = this.#engine.close()
    this.#abandoned.abort()
    this.#serve()
    await closed
  }

  #run(): Promise<void> {
    const running = this.#engine.run().finally(() => {
      this.#isOver = true
      this.#serve()
    })
    // Whoever takes is told of a failure; nobody else may be listening.
    running.catch(() => undefined)
    return running
  }

  #serve(): void {
    const taker = this.#taker
    if (taker === undefined) return
    if (this.abandoned.aborted) {
      // What is offered stays here until its shard takes it back.
      this.#taker = undefined
      taker.resolve(undefined)
    } else if (this.#isOver) {
      this.#taker = undefined
      this.#running?.then(() => taker.resolve(undefined), taker.reject)
    } else {
      const offer = this.#first()
      if (offer === undefined) return
      this.#taker = undefined
      taker.resolve(offer)
    }
  }

  #first(): Offer<T> | undefined {
    for (const offer of this.#offered) {
      this.#offered.delete(offer)
      if (offer.take()) return offer
    }
    return undefined
  }
}
