/**
 * HOT: key -> number, about 50 ns for a key that is new and a third of what a Map costs, because a
 * Map hashes all of a fresh string and grows from nothing after every `clear`. Hashes a few
 * characters only; keys that are alike just there, by chance or by malice, move to a Map.
 */

const FIRST_SLOTS = 512
/** A burst of tiny keys must not keep its slots for ever: they are wiped at every `clear`. */
const MOST_SLOTS_KEPT = 8192
const MOST_KEYS_KEPT = 4096
const MAX_PROBES = 24
const TAIL = 6

export class KeyIndex {
  /** The first `#size` are in use; kept between aggregates, for it grows slowly. */
  #keys: string[] = []
  #size = 0
  /** Number of a key plus 1; 0 is a free slot. */
  #slots = new Int32Array(FIRST_SLOTS)
  /** Set once the slots do badly, until `clear`. A Map, because `__proto__` is a key too. */
  #map: Map<string, number> | undefined
  #missedKey: string | undefined
  #missedSlot = 0

  /** Keys numbered. */
  get size(): number {
    return this.#size
  }

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
      if (this.#keys[number - 1] === key) return number - 1
      slot = (slot + 1) & mask
    }
    return this.#useMap().get(key) ?? -1
  }

  /** Numbers a key that `indexOf` has just not found. */
  add(key: string): number {
    const index = this.#size++
    this.#keys[index] = key
    if (this.#map !== undefined) {
      this.#map.set(key, index)
    } else if (this.#missedKey !== key) {
      throw new Error('KeyIndex.add without a failed indexOf')
    } else {
      this.#slots[this.#missedSlot] = index + 1
      if (this.#size * 2 > this.#slots.length) this.#grow()
    }
    this.#missedKey = undefined
    return index
  }

  clear(): void {
    // What is let go of must not be held on to; many more places than a usual aggregate needs neither.
    if (this.#size > MOST_KEYS_KEPT) this.#keys = []
    else this.#keys.fill('', 0, this.#size)
    this.#size = 0
    this.#map = undefined
    this.#missedKey = undefined
    if (this.#slots.length > MOST_SLOTS_KEPT) this.#slots = new Int32Array(FIRST_SLOTS)
    else this.#slots.fill(0)
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let i = 0; i < this.#size; i++) {
      let slot = spread(this.#keys[i] as string) & mask
      let probe = 0
      while (slots[slot] !== 0 && probe++ < MAX_PROBES) slot = (slot + 1) & mask
      if (probe > MAX_PROBES) {
        this.#useMap()
        return
      }
      slots[slot] = i + 1
    }
    this.#slots = slots
  }

  #useMap(): Map<string, number> {
    const map = new Map<string, number>()
    for (let i = 0; i < this.#size; i++) map.set(this.#keys[i] as string, i)
    this.#map = map
    return map
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
