/** Reads a bounded way ahead of the handler. */
import { AbortedError } from '@millrace/core'
import { isShardEnd, type Page, type Reading, type ShardSource } from './source.ts'

export interface PrefetchOptions {
  readonly source: ShardSource
  /** Pages held at most; 0 reads only when a page is asked for. */
  readonly maxPendingBatches: number
  /** No further page is read once so many records are held, as they come from the service. */
  readonly maxPendingRecords: number
  /** No further page is read once this much is held, so one page may exceed it (S16). */
  readonly maxPendingBytes: number
  /** Bytes of pages that were taken before the last one, and are held still. */
  readonly takenBytes?: (() => number) | undefined
}

/** One taker: `next` is never called while an earlier call is open. */
export class Prefetch {
  readonly #options: PrefetchOptions
  readonly #pages: Page[] = []
  #bytes = 0
  #records = 0
  /** What follows the pages held, for good. */
  #last: { readonly reading: Reading } | { readonly error: unknown } | undefined
  #taker: { resolve: (reading: Reading) => void; reject: (error: unknown) => void } | undefined
  #isReading = false
  #isPaused = false
  #isStarted = false

  constructor(options: PrefetchOptions) {
    this.#options = options
  }

  /** Bytes held. */
  get pendingBytes(): number {
    return this.#bytes
  }

  /** Begins to read ahead. */
  start(): void {
    this.#isStarted = true
    this.#read()
  }

  /** The next page in order, then the end again and again. Rejects with what the source failed with. */
  next(): Promise<Reading> {
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject }
      this.#serve()
      this.#read()
    })
  }

  /** Reads no further; pages held can still be taken. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    // A shard that waits for its parents is not to be read yet.
    if (this.#isStarted) this.#read()
  }

  /** Lets go of everything held; an open `next` rejects. A reply still on its way goes nowhere (R05). */
  stop(): void {
    for (const page of this.#pages) page.hold?.release()
    this.#pages.length = 0
    this.#bytes = this.#records = 0
    this.#last = { error: new AbortedError('Reading a shard') }
    this.#options.source.close()
    this.#serve()
  }

  #read(): void {
    if (this.#isReading || this.#isPaused || this.#last !== undefined || !this.#hasRoom()) return
    this.#isReading = true
    this.#options.source
      .next()
      .then(
        (reading) => this.#arrived(reading),
        (error: unknown) => {
          this.#last ??= { error }
        },
      )
      .finally(() => {
        this.#isReading = false
        this.#serve()
        this.#read()
      })
  }

  #hasRoom(): boolean {
    if (this.#pages.length === 0) {
      return this.#taker !== undefined || this.#options.maxPendingBatches > 0
    }
    return (
      this.#pages.length < this.#options.maxPendingBatches &&
      this.#records < this.#options.maxPendingRecords &&
      this.#bytes + (this.#options.takenBytes?.() ?? 0) < this.#options.maxPendingBytes
    )
  }

  #arrived(reading: Reading): void {
    if (isShardEnd(reading)) {
      this.#last ??= { reading }
      return
    }
    if (this.#last !== undefined) {
      reading.hold?.release()
      return
    }
    // Of several empty pages in a row only the newest says anything: how far behind we are.
    const newest = this.#pages.at(-1)
    if (newest !== undefined && newest.records.length === 0) this.#pages.pop()?.hold?.release()
    this.#pages.push(reading)
    this.#bytes += reading.bytes
    this.#records += reading.records.length
  }

  #serve(): void {
    const taker = this.#taker
    if (taker === undefined) return
    const page = this.#pages.shift()
    if (page !== undefined) {
      this.#bytes -= page.bytes
      this.#records -= page.records.length
      this.#taker = undefined
      taker.resolve(page)
    } else if (this.#last !== undefined) {
      this.#taker = undefined
      if ('error' in this.#last) taker.reject(this.#last.error)
      else taker.resolve(this.#last.reading)
    }
  }
}
