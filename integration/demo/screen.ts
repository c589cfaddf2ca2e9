/** Writes progress: a few lines that change in place on a terminal, plain lines elsewhere. */
import { monotonicMs } from '@millrace/core/internal'
import { type ProgressView, progressBlock, progressLine } from './progress.ts'

const PLAIN_EVERY_MS = 2000
const BLOCK_EVERY_MS = 250

export class Screen {
  readonly #out: NodeJS.WriteStream
  readonly #inPlace: boolean
  #nextMs = Number.NEGATIVE_INFINITY
  #shownLines = 0

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#inPlace = out.isTTY === true
  }

  /** True when `progress` would write. */
  get isDue(): boolean {
    return monotonicMs() >= this.#nextMs
  }

  progress(view: ProgressView): void {
    if (!this.isDue) return
    this.#nextMs = monotonicMs() + (this.#inPlace ? BLOCK_EVERY_MS : PLAIN_EVERY_MS)
    if (!this.#inPlace) {
      this.#out.write(`${progressLine(view)}\n`)
      return
    }
    this.#erase()
    const width = Math.max(20, this.#out.columns ?? 80)
    const lines = progressBlock(view).map((line) => line.slice(0, width - 1))
    this.#out.write(lines.map((line) => `${line}\n`).join(''))
    this.#shownLines = lines.length
  }

  /** A line that stays. */
  say(line: string): void {
    this.#erase()
    this.#out.write(`${line}\n`)
    this.#nextMs = Number.NEGATIVE_INFINITY
  }

  #erase(): void {
    if (this.#shownLines === 0) return
    // Up to the first of our lines, then everything below is cleared.
    this.#out.write(`\x1b[${this.#shownLines}A\x1b[0J`)
    this.#shownLines = 0
  }
}
