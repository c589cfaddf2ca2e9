/**
 * HOT: partition keys come again and again, in one aggregate after another: their text and their
 * place in the key space, found by their bytes. About 40 ns, where to make the text and to hash it
 * costs 200 ns. One for the process: each key is of one shard only.
 */
import type { HashWords } from '../hash-words.ts'

/** With texts of up to 64 bytes: 2 MB at most. */
const SLOTS = 16_384
const MIN_BYTES = 4
const MAX_BYTES = 64
const WORDS = 4
/** Where keys hardly ever come again, looking for them is given up for a while. */
const TRIAL_KEYS = 8192
const LEAST_HITS = TRIAL_KEYS / 8
const REST_KEYS = 16 * TRIAL_KEYS
const NOWHERE = -1

export class KeyMemory {
  readonly #texts: string[] = new Array<string>(SLOTS).fill('')
  readonly #words = new Uint32Array(SLOTS * WORDS)
  readonly #isHashed = new Uint8Array(SLOTS)
  #left = TRIAL_KEYS
  #hits = 0
  #isResting = false

  /** Where these bytes, all ASCII, would be kept; -1 when they are not to be looked for. */
  slotOf(bytes: Uint8Array, start: number, end: number): number {
    if (--this.#left === 0) this.#judge()
    const length = end - start
    if (this.#isResting || length < MIN_BYTES || length > MAX_BYTES) return NOWHERE
    const middle = (start + end - 4) >>> 1
    const mixed =
      Math.imul(wordAt(bytes, start), 0x9e37_79b1) ^
      Math.imul(wordAt(bytes, middle) + length, 0x85eb_ca77) ^
      Math.imul(wordAt(bytes, end - 4), 0xc2b2_ae3d)
    return (mixed ^ (mixed >>> 15)) & (SLOTS - 1)
  }

  /** The text of these bytes, if it is the one kept there. */
  textAt(slot: number, bytes: Uint8Array, start: number, end: number): string | undefined {
    const text = this.#texts[slot] as string
    if (text.length !== end - start) return undefined
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) !== bytes[start + i]) return undefined
    }
    this.#hits++
    return text
  }

  keep(slot: number, text: string): void {
    this.#texts[slot] = text
    this.#isHashed[slot] = 0
  }

  /** @returns false when the key kept there was not hashed yet, or is another by now */
  hashAt(slot: number, text: string, words: HashWords): boolean {
    if (this.#isHashed[slot] === 0 || this.#texts[slot] !== text) return false
    const at = slot * WORDS
    words[0] = this.#words[at] as number
    words[1] = this.#words[at + 1] as number
    words[2] = this.#words[at + 2] as number
    words[3] = this.#words[at + 3] as number
    return true
  }

  keepHash(slot: number, text: string, words: HashWords): void {
    if (this.#texts[slot] !== text) return
    this.#words.set(words, slot * WORDS)
    this.#isHashed[slot] = 1
  }

  #judge(): void {
    this.#isResting = !this.#isResting && this.#hits < LEAST_HITS
    this.#left = this.#isResting ? REST_KEYS : TRIAL_KEYS
    this.#hits = 0
  }
}

function wordAt(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  )
}
