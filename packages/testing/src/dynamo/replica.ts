/**
 * What eventually consistent reads and the index see: each write becomes visible a while after it
 * was applied, and writes to one item in their order.
 */
import type { Item } from '@millrace/core/internal'

interface Change {
  readonly key: string
  readonly item: Item | undefined
  readonly visibleAtMs: number
}

export class Replica {
  readonly #items = new Map<string, Item>()
  #changes: Change[] = []
  readonly #lastVisibleMs = new Map<string, number>()

  record(key: string, item: Item | undefined, nowMs: number, lagMs: number): void {
    const visibleAtMs = Math.max(nowMs + lagMs, this.#lastVisibleMs.get(key) ?? 0)
    this.#lastVisibleMs.set(key, visibleAtMs)
    this.#changes.push({ key, item, visibleAtMs })
  }

  /** Items as they are seen now, by key. */
  items(nowMs: number): ReadonlyMap<string, Item> {
    const later: Change[] = []
    for (const change of this.#changes) {
      if (change.visibleAtMs > nowMs) later.push(change)
      else if (change.item === undefined) this.#items.delete(change.key)
      else this.#items.set(change.key, change.item)
    }
    this.#changes = later
    return this.#items
  }
}
