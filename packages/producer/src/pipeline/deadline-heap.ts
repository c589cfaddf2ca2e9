/** HOT: a binary heap by deadline, O(log n) a change, no allocation. Items know their own place. */

/** `heapIndex` belongs to the heap; -1 while the item is in none. */
export interface HeapItem {
  deadlineMs: number
  heapIndex: number
}

export class DeadlineHeap<T extends HeapItem> {
  readonly #items: T[] = []

  get length(): number {
    return this.#items.length
  }

  /** The item with the earliest deadline. */
  peek(): T | undefined {
    return this.#items[0]
  }

  /** Puts an item in, or in its new place after its deadline has changed. */
  place(item: T): void {
    if (item.heapIndex < 0) {
      item.heapIndex = this.#items.length
      this.#items.push(item)
    }
    this.#up(item)
    this.#down(item)
  }

  remove(item: T): void {
    const at = item.heapIndex
    if (at < 0) return
    item.heapIndex = -1
    const last = this.#items.pop() as T
    if (last === item) return
    last.heapIndex = at
    this.#items[at] = last
    this.#up(last)
    this.#down(last)
  }

  clear(): void {
    for (const item of this.#items) item.heapIndex = -1
    this.#items.length = 0
  }

  #up(item: T): void {
    for (let at = item.heapIndex; at > 0; ) {
      const parentAt = (at - 1) >> 1
      const parent = this.#items[parentAt] as T
      if (parent.deadlineMs <= item.deadlineMs) return
      this.#swap(item, parent)
      at = parentAt
    }
  }

  #down(item: T): void {
    const items = this.#items
    for (;;) {
      const left = item.heapIndex * 2 + 1
      if (left >= items.length) return
      const right = left + 1
      const rightIsLess =
        right < items.length && (items[right] as T).deadlineMs < (items[left] as T).deadlineMs
      const child = items[rightIsLess ? right : left] as T
      if (child.deadlineMs >= item.deadlineMs) return
      this.#swap(child, item)
    }
  }

  #swap(a: T, b: T): void {
    const at = a.heapIndex
    a.heapIndex = b.heapIndex
    b.heapIndex = at
    this.#items[a.heapIndex] = a
    this.#items[b.heapIndex] = b
  }
}
