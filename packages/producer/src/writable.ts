/** The producer as the end of a Node stream pipeline. */
import { Writable } from 'node:stream'
import type { OutcomeListener } from './pipeline/outstanding-record.ts'

/** What the stream needs of the producer. */
export interface WritableTarget<R> {
  /** False when there is no room: try again at the next drain. Throws for a record that is wrong. */
  tryPut(record: R, listener: OutcomeListener): boolean
  onceDrained(run: () => void): void
  flush(): Promise<void>
}

/** Takes records one by one; a record that fails for good destroys the stream with its error. */
export class UserRecordWritable<R> extends Writable {
  readonly #target: WritableTarget<R>
  readonly #listener: OutcomeListener = {
    stored: () => {},
    failed: (error) => {
      // A stream tells of one error only.
      if (this.destroyed) return false
      this.destroy(error)
      return true
    },
  }

  constructor(target: WritableTarget<R>, highWaterMark: number) {
    super({ objectMode: true, highWaterMark })
    this.#target = target
  }

  override _write(
    record: R,
    _encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    if (this.destroyed) {
      callback()
      return
    }
    try {
      if (this.#target.tryPut(record, this.#listener)) callback()
      else this.#target.onceDrained(() => this._write(record, _encoding, callback))
    } catch (error) {
      callback(error as Error)
    }
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#target.flush().then(() => callback(), callback)
  }
}
