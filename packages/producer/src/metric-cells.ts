/**
 * HOT: some values at once are a handful of additions in a preallocated array, about 10 ns. Count, sum, least
 * and largest of some metrics: since the beginning, and in buckets of five seconds for the last minute.
 */

/** Length of a bucket: windows are made of whole ones. */
export const BUCKET_MS = 5000
/** The longest window and the bucket that it begins in. */
export const MAX_WINDOW_MS = 60_000
const BUCKETS = MAX_WINDOW_MS / BUCKET_MS + 1
/** Count, sum, least, largest. */
const CELLS = 4

/** What a number of measurements comes to. */
export interface Totals {
  count: number
  sum: number
  min: number
  max: number
}

/** The bucket that a time lies in. */
export function slotOf(atMs: number): number {
  return Math.floor(atMs / BUCKET_MS)
}

export class MetricCells {
  readonly #width: number
  /** What has left the buckets. */
  readonly #past: Float64Array
  /** Let go while nothing is measured: a closed shard keeps its sums only. */
  #buckets: Float64Array | undefined
  #slot = 0
  /** Where the bucket of `#slot` begins. */
  #begin = 0

  constructor(metrics: number) {
    this.#width = metrics * CELLS
    this.#past = emptyCells(this.#width)
  }

  /** Notes one value; slots never go back. */
  add(slot: number, metric: number, value: number): void {
    this.addRun(slot, metric, 1, value, value, value)
  }

  /** Notes some values at once. */
  addRun(slot: number, metric: number, count: number, sum: number, min: number, max: number): void {
    let cells = this.#buckets
    if (cells === undefined || slot !== this.#slot) cells = this.#advance(slot)
    const at = this.#begin + metric * CELLS
    cells[at] = (cells[at] as number) + count
    cells[at + 1] = (cells[at + 1] as number) + sum
    if (min < (cells[at + 2] as number)) cells[at + 2] = min
    if (max > (cells[at + 3] as number)) cells[at + 3] = max
  }

  /** Adds what was measured to `totals`: since `fromSlot`, or since the beginning. */
  addTo(totals: Totals, metric: number, fromSlot: number | undefined): void {
    const at = metric * CELLS
    if (fromSlot === undefined) addCells(totals, this.#past, at)
    if (this.#buckets === undefined) return
    const first = Math.max(fromSlot ?? 0, this.#slot - BUCKETS + 1, 0)
    for (let slot = first; slot <= this.#slot; slot++) {
      addCells(totals, this.#buckets, this.#beginOf(slot) + at)
    }
  }

  /** Takes over the sums of one that is let go; its metrics must be among those here. */
  absorb(other: MetricCells): void {
    other.#foldAll()
    foldCells(this.#past, other.#past, 0, other.#width)
  }

  /** To be called now and then: lets the buckets go when no window reaches them. */
  rest(slot: number): void {
    if (this.#buckets === undefined || slot - this.#slot < BUCKETS) return
    this.#foldAll()
  }

  #advance(slot: number): Float64Array {
    let cells = this.#buckets
    if (cells === undefined) {
      cells = emptyCells(BUCKETS * this.#width)
      this.#buckets = cells
    } else {
      for (let next = Math.max(this.#slot + 1, slot - BUCKETS + 1); next <= slot; next++) {
        const begin = this.#beginOf(next)
        foldCells(this.#past, cells, begin, this.#width)
        clearCells(cells, begin, this.#width)
      }
    }
    this.#slot = slot
    this.#begin = this.#beginOf(slot)
    return cells
  }

  #foldAll(): void {
    const cells = this.#buckets
    if (cells === undefined) return
    for (let begin = 0; begin < cells.length; begin += this.#width) {
      foldCells(this.#past, cells, begin, this.#width)
    }
    this.#buckets = undefined
  }

  #beginOf(slot: number): number {
    return (slot % BUCKETS) * this.#width
  }
}

export function noTotals(): Totals {
  return { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
}

/** Adds totals to others. */
export function addTotals(into: Totals, from: Totals): void {
  into.count += from.count
  into.sum += from.sum
  into.min = Math.min(into.min, from.min)
  into.max = Math.max(into.max, from.max)
}

function emptyCells(length: number): Float64Array {
  const cells = new Float64Array(length)
  clearCells(cells, 0, length)
  return cells
}

function clearCells(cells: Float64Array, begin: number, width: number): void {
  for (let at = begin; at < begin + width; at += CELLS) {
    cells[at] = 0
    cells[at + 1] = 0
    cells[at + 2] = Number.POSITIVE_INFINITY
    cells[at + 3] = Number.NEGATIVE_INFINITY
  }
}

/** Adds the cells of a bucket to those at the start of `into`. */
function foldCells(into: Float64Array, from: Float64Array, begin: number, width: number): void {
  for (let at = 0; at < width; at += CELLS) {
    const source = begin + at
    into[at] = (into[at] as number) + (from[source] as number)
    into[at + 1] = (into[at + 1] as number) + (from[source + 1] as number)
    into[at + 2] = Math.min(into[at + 2] as number, from[source + 2] as number)
    into[at + 3] = Math.max(into[at + 3] as number, from[source + 3] as number)
  }
}

function addCells(totals: Totals, cells: Float64Array, at: number): void {
  totals.count += cells[at] as number
  totals.sum += cells[at + 1] as number
  totals.min = Math.min(totals.min, cells[at + 2] as number)
  totals.max = Math.max(totals.max, cells[at + 3] as number)
}
