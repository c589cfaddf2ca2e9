/** Rows of a table or an index in scan order. A binary search finds a row. */
import type { dynamo } from '@millrace/core'
import { comparePositions, type RowPosition } from './row-position.ts'

export interface Row {
  readonly position: RowPosition
  readonly item: dynamo.Item
}

export class SortedRows {
  readonly #rows: Row[] = []

  get all(): readonly Row[] {
    return this.#rows
  }

  get(position: RowPosition): dynamo.Item | undefined {
    const at = this.#find(position)
    return this.#isAt(at, position) ? this.#rows[at]?.item : undefined
  }

  /** `undefined` takes the row away. */
  set(position: RowPosition, item: dynamo.Item | undefined): void {
    const at = this.#find(position)
    const replaced = this.#isAt(at, position) ? 1 : 0
    if (item === undefined) this.#rows.splice(at, replaced)
    else this.#rows.splice(at, replaced, { position, item })
  }

  after(position: RowPosition | undefined): readonly Row[] {
    if (position === undefined) return this.#rows
    const at = this.#find(position)
    return this.#rows.slice(this.#isAt(at, position) ? at + 1 : at)
  }

  /** Where the row is, or would be. */
  #find(position: RowPosition): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      const row = this.#rows[middle]
      if (row !== undefined && comparePositions(row.position, position) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #isAt(at: number, position: RowPosition): boolean {
    const row = this.#rows[at]
    return row !== undefined && comparePositions(row.position, position) === 0
  }
}
