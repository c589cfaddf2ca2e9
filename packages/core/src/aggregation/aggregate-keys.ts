/**
 * HOT: the keys of one aggregate: text and place in the key space, each worked out once, when the
 * first user record that refers to it is made.
 */
import { hashBytes } from '../hash-key.ts'
import { type HashWordRange, type HashWords, newHashWords, wordsOfDecimal } from '../hash-words.ts'
import { KeyMemory } from './key-memory.ts'
import type { KeySpans } from './key-spans.ts'
import type { AggregateLayout } from './layout.ts'

const NONE = -1
const UNKNOWN = 0
const INSIDE = 1
const OUTSIDE = 2

const words: HashWords = newHashWords()
const memory = new KeyMemory()

export class AggregateKeys {
  readonly #bytes: Buffer
  readonly #encoding: 'latin1' | 'utf8'
  readonly #spans: KeySpans
  readonly #hashSpans: KeySpans
  readonly #texts: (string | undefined)[]
  /** Of the texts, in the memory of keys: -1 for none. */
  readonly #slots: Int16Array
  readonly #hashTexts: (string | undefined)[]
  readonly #range: HashWordRange | undefined
  readonly #places: Uint8Array | undefined
  readonly #hashPlaces: Uint8Array | undefined

  constructor(bytes: Buffer, layout: AggregateLayout, range: HashWordRange | undefined) {
    this.#bytes = bytes
    this.#encoding = layout.asciiKeys ? 'latin1' : 'utf8'
    this.#spans = layout.partitionKeys
    this.#hashSpans = layout.hashKeys
    this.#texts = new Array<string | undefined>(layout.partitionKeys.length >> 1)
    this.#slots = new Int16Array(this.#texts.length)
    this.#hashTexts = new Array<string | undefined>(layout.hashKeys.length >> 1)
    this.#range = range
    if (range === undefined) return
    this.#places = new Uint8Array(this.#texts.length)
    this.#hashPlaces = new Uint8Array(this.#hashTexts.length)
  }

  partitionKey(index: number): string {
    const known = this.#texts[index]
    if (known !== undefined) return known
    const start = this.#spans[index << 1] as number
    const end = this.#spans[(index << 1) + 1] as number
    const text =
      this.#encoding === 'latin1'
        ? this.#asciiKey(index, start, end)
        : this.#bytes.toString('utf8', start, end)
    this.#texts[index] = text
    return text
  }

  #asciiKey(index: number, start: number, end: number): string {
    const bytes = this.#bytes
    const slot = memory.slotOf(bytes, start, end)
    this.#slots[index] = slot
    if (slot === NONE) return bytes.toString('latin1', start, end)
    let text = memory.textAt(slot, bytes, start, end)
    if (text === undefined) {
      text = bytes.toString('latin1', start, end)
      memory.keep(slot, text)
    }
    return text
  }

  /** @param index -1 for none */
  explicitHashKey(index: number): string | undefined {
    if (index === NONE) return undefined
    const known = this.#hashTexts[index]
    if (known !== undefined) return known
    const [start, end] = [this.#hashSpans[index << 1], this.#hashSpans[(index << 1) + 1]]
    const text = this.#bytes.toString('latin1', start, end)
    this.#hashTexts[index] = text
    return text
  }

  /** True when a range is known and the user record with these keys lies outside it. */
  misplaced(keyIndex: number, hashKeyIndex: number): boolean {
    if (this.#range === undefined) return false
    return hashKeyIndex === NONE
      ? this.#keyOutside(keyIndex, this.#range)
      : this.#hashKeyOutside(hashKeyIndex, this.#range)
  }

  #keyOutside(index: number, range: HashWordRange): boolean {
    const places = this.#places as Uint8Array
    if (places[index] === UNKNOWN) {
      this.#hash(index)
      places[index] = range.holds(words) ? INSIDE : OUTSIDE
    }
    return places[index] === OUTSIDE
  }

  /** Into `words`. */
  #hash(index: number): void {
    const text = this.#texts[index]
    const slot =
      text === undefined || this.#encoding !== 'latin1' ? NONE : (this.#slots[index] as number)
    if (slot !== NONE && memory.hashAt(slot, text as string, words)) return
    hashBytes(
      this.#bytes,
      this.#spans[index << 1] as number,
      this.#spans[(index << 1) + 1] as number,
      words,
    )
    if (slot !== NONE) memory.keepHash(slot, text as string, words)
  }

  #hashKeyOutside(index: number, range: HashWordRange): boolean {
    const places = this.#hashPlaces as Uint8Array
    if (places[index] === UNKNOWN) {
      wordsOfDecimal(this.explicitHashKey(index) as string, words)
      places[index] = range.holds(words) ? INSIDE : OUTSIDE
    }
    return places[index] === OUTSIDE
  }
}
