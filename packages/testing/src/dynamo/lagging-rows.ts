/**
 * Rows that follow a table at a distance: a secondary index, or the replica that an eventually
 * consistent read meets. Each change becomes visible after a lag of its own, so a row that moves
 * within an index may be missing for a while, or stand in two places.
 */
import type { dynamo } from '@millrace/core'
import { type KeySchema, keyAttributes, keyOf } from './key-schema.ts'
import { positionOf, type RowPosition } from './row-position.ts'
import { type Row, SortedRows } from './sorted-rows.ts'

interface Change {
  readonly visibleAtMs: number
  /** Order of the writes: a late change never undoes a younger one. */
  readonly sequence: number
  readonly place: string
  readonly position: RowPosition
  readonly item: dynamo.Item | undefined
}

/** What of each row is kept, and by which key. */
export interface RowView {
  readonly schema: KeySchema
  readonly projection: 'KEYS_ONLY' | 'ALL'
  /** The table's key, which tells rows of equal index keys apart; absent for the table's own key. */
  readonly table: KeySchema | undefined
}

export class LaggingRows {
  readonly #view: RowView
  readonly #rows = new SortedRows()
  #waiting: readonly Change[] = []
  readonly #newest: Map<string, number> = new Map()
  #sequence = 0

  constructor(view: RowView) {
    this.#view = view
  }

  /** Takes note of a write to the table. `lagMs` is asked once for each row that changes here. */
  follow(
    before: dynamo.Item | undefined,
    after: dynamo.Item | undefined,
    nowMs: number,
    lagMs: () => number,
  ): void {
    if (this.#keepsItsKey(before, after)) return
    const from = this.#rowOf(before)
    const to = this.#rowOf(after)
    const stays = from !== undefined && to !== undefined && placeOf(from) === placeOf(to)
    if (stays && this.#view.projection === 'KEYS_ONLY') return
    if (from !== undefined && !stays) this.#change(from.position, undefined, nowMs + lagMs())
    if (to !== undefined) this.#change(to.position, to.item, nowMs + lagMs())
    this.#settle(nowMs)
  }

  /** The common write, told before any key is built: only keys are kept, and they are untouched. */
  #keepsItsKey(before: dynamo.Item | undefined, after: dynamo.Item | undefined): boolean {
    const { schema, projection, table } = this.#view
    if (projection !== 'KEYS_ONLY' || before === undefined || after === undefined) return false
    for (const part of table === undefined ? [schema] : [schema, table]) {
      for (const { name } of keyAttributes(part)) if (before[name] !== after[name]) return false
    }
    return true
  }

  /** What a reader sees at this instant. */
  rowsAt(nowMs: number): SortedRows {
    this.#settle(nowMs)
    return this.#rows
  }

  #rowOf(item: dynamo.Item | undefined): Row | undefined {
    const { schema, projection, table } = this.#view
    if (item === undefined) return undefined
    if (keyAttributes(schema).some(({ name }) => item[name] === undefined)) return undefined
    return {
      position: positionOf(item, schema, table),
      item:
        projection === 'ALL' ? item : keyOf(item, schema, ...(table === undefined ? [] : [table])),
    }
  }

  #change(position: RowPosition, item: dynamo.Item | undefined, visibleAtMs: number): void {
    this.#sequence++
    const place = placeOf({ position })
    this.#waiting = [
      ...this.#waiting,
      { visibleAtMs, sequence: this.#sequence, place, position, item },
    ]
  }

  #settle(nowMs: number): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter(({ visibleAtMs }) => visibleAtMs <= nowMs)
    if (due.length === 0) return
    this.#waiting = this.#waiting.filter(({ visibleAtMs }) => visibleAtMs > nowMs)
    for (const { sequence, place, position, item } of due) {
      if (sequence < (this.#newest.get(place) ?? 0)) continue
      this.#newest.set(place, sequence)
      this.#rows.set(position, item)
    }
    // With nothing on the way there is no late change left to hold off.
    if (this.#waiting.length === 0) this.#newest.clear()
  }
}

function placeOf({ position }: Pick<Row, 'position'>): string {
  return `${position.hash}|${position.tie}|${JSON.stringify(position.range ?? null)}`
}
