/** What every client of the producer benchmark puts: 20-character keys, 10,000 of them, random data. */
import { freshKeys, payloads } from '../load.ts'

/** Copied or serialised by every client, so a few do for many records. */
const DISTINCT_PAYLOADS = 20_000

export interface Load {
  /** New strings; more or less than the payloads, which repeat. */
  readonly keys: readonly string[]
  readonly data: readonly Uint8Array[]
}

export class LoadMaker {
  readonly #data: readonly Uint8Array[]

  constructor(dataBytes: number) {
    this.#data = payloads(DISTINCT_PAYLOADS, dataBytes)
  }

  make(records: number): Load {
    return { keys: freshKeys(records), data: this.#data }
  }
}
