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
export const CELLS = 4

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
    this.#past = emptyCells(metrics)
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

  /** Adds what was measured, since `fromSlot` or since the beginning, to the cells that begin at `at`. */
  addTo(into: Float64Array, at: number, fromSlot: number | undefined): void {
    const width = this.#width
    if (fromSlot === undefined) addCells(into, at, this.#past, 0, width)
    if (this.#buckets === undefined) return
    const first = Math.max(fromSlot ?? 0, this.#slot - BUCKETS + 1, 0)
    for (let slot = first; slot <= this.#slot; slot++) {
      addCells(into, at, this.#buckets, this.#beginOf(slot), width)
    }
  }

  /** Takes over the sums of one that is let go; its metrics must be among those here. */
  absorb(other: MetricCells): void {
    other.#foldAll()
    addCells(this.#past, 0, other.#past, 0, other.#width)
  }

  /** To be called now and then: lets the buckets go when no window reaches them. */
  rest(slot: number): void {
    if (this.#buckets === undefined || slot - this.#slot < BUCKETS) return
    this.#foldAll()
  }

  #advance(slot: number): Float64Array {
    let cells = this.#buckets
    if (cells === undefined) {
      cells = new Float64Array(BUCKETS * this.#width)
      clearCells(cells, 0, cells.length)
      this.#buckets = cells
    } else {
      for (let next = Math.max(this.#slot + 1, slot - BUCKETS + 1); next <= slot; next++) {
        const begin = this.#beginOf(next)
        addCells(this.#past, 0, cells, begin, this.#width)
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
      addCells(this.#past, 0, cells, begin, this.#width)
    }
    this.#buckets = undefined
  }

  #beginOf(slot: number): number {
    return (slot % BUCKETS) * this.#width
  }
}

/** Cells of so many metrics, without a value. */
export function emptyCells(metrics: number): Float64Array {
  const cells = new Float64Array(metrics * CELLS)
  clearCells(cells, 0, cells.length)
  return cells
}

export function clearCells(cells: Float64Array, begin: number, width: number): void {
  for (let at = begin; at < begin + width; at += CELLS) {
    cells[at] = 0
    cells[at + 1] = 0
    cells[at + 2] = Number.POSITIVE_INFINITY
    cells[at + 3] = Number.NEGATIVE_INFINITY
  }
}

/** Adds `width` cells from one place to those at another. */
export function addCells(
  into: Float64Array,
  at: number,
  from: Float64Array,
  begin: number,
  width: number,
): void {
  for (let i = 0; i < width; i += CELLS) {
    const count = from[begin + i] as number
    if (count === 0) continue
    const to = at + i
    const min = from[begin + i + 2] as number
    const max = from[begin + i + 3] as number
    into[to] = (into[to] as number) + count
    into[to + 1] = (into[to + 1] as number) + (from[begin + i + 1] as number)
    if (min < (into[to + 2] as number)) into[to + 2] = min
    if (max > (into[to + 3] as number)) into[to + 3] = max
  }
}
