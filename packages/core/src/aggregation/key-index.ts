/**
 * HOT: key -> number, about 50 ns for a key that is new and a third of what a Map costs, because a
 * Map hashes all of a fresh string and grows from nothing after every `clear`. Hashes a few
 * characters only; keys that are alike just there, by chance or by malice, move to a Map.
 */

const FIRST_SLOTS = 512
/** A burst of tiny keys must not keep its slots for ever: they are wiped at every `clear`. */
const MOST_SLOTS_KEPT = 8192
const MAX_PROBES = 24
const TAIL = 6

export class KeyIndex {
  readonly keys: string[] = []
  /** Number of a key plus 1; 0 is a free slot. */
  #slots = new Int32Array(FIRST_SLOTS)
  /** Set once the slots do badly, until `clear`. A Map, because `__proto__` is a key too. */
  #map: Map<string, number> | undefined
  #missedKey: string | undefined
  #missedSlot = 0

  /** -1 when the key is new. */
  indexOf(key: string): number {
    if (this.#map !== undefined) return this.#map.get(key) ?? -1
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = spread(key) & mask
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const number = slots[slot] as number
      if (number === 0) {
        this.#missedKey = key
        this.#missedSlot = slot
        return -1
      }
      if (this.keys[number - 1] === key) return number - 1
      slot = (slot + 1) & mask
    }
    this.#map = new Map(this.keys.map((known, index) => [known, index]))
    return this.#map.get(key) ?? -1
  }

  /** Numbers a key that `indexOf` has just not found. */
  add(key: string): number {
    const index = this.keys.push(key) - 1
    if (this.#map !== undefined) {
      this.#map.set(key, index)
    } else if (this.#missedKey !== key) {
      throw new Error('KeyIndex.add without a failed indexOf')
    } else {
      this.#slots[this.#missedSlot] = index + 1
      if (this.keys.length * 2 > this.#slots.length) this.#grow()
    }
    this.#missedKey = undefined
    return index
  }

  clear(): void {
    this.keys.length = 0
    this.#map = undefined
    this.#missedKey = undefined
    if (this.#slots.length > MOST_SLOTS_KEPT) this.#slots = new Int32Array(FIRST_SLOTS)
    else this.#slots.fill(0)
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let i = 0; i < this.keys.length; i++) {
      let slot = spread(this.keys[i] as string) & mask
      let probe = 0
      while (slots[slot] !== 0 && probe++ < MAX_PROBES) slot = (slot + 1) & mask
      if (probe > MAX_PROBES) {
        this.#map = new Map(this.keys.map((known, index) => [known, index]))
        return
      }
      slots[slot] = i + 1
    }
    this.#slots = slots
  }
}

/** Mixes the length, three characters from the front half and the last six. */
function spread(key: string): number {
  const length = key.length
  let hash = length
  if (length > TAIL) {
    hash = Math.imul(hash ^ key.charCodeAt(0), 0x01000193)
    hash = Math.imul(hash ^ key.charCodeAt(length >> 2), 0x01000193)
    hash = Math.imul(hash ^ key.charCodeAt(length >> 1), 0x01000193)
  }
  for (let i = length > TAIL ? length - TAIL : 0; i < length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  }
  return hash ^ (hash >>> 15)
}
