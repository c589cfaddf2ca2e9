/** Which calls may start: of each partition key one after the other, in their order. No I/O. */

export interface LanedCall {
  /** Undefined: in order with nothing. */
  readonly key: string | undefined
  /** The next of its key; written by the lanes alone. */
  next: LanedCall | undefined
}

export class KeyLanes<C extends LanedCall> {
  /** The last call of each key that has calls. */
  readonly #tails = new Map<string, C>()
  readonly #ready: C[] = []
  #size = 0

  /** Calls that were added and are not done. */
  get size(): number {
    return this.#size
  }

  /** Calls that may start now. */
  get readySize(): number {
    return this.#ready.length
  }

  add(call: C): void {
    this.#size++
    const { key } = call
    if (key === undefined) {
      this.#ready.push(call)
      return
    }
    const tail = this.#tails.get(key)
    this.#tails.set(key, call)
    if (tail === undefined) this.#ready.push(call)
    else tail.next = call
  }

  /** The call that may start next: it has started now. */
  take(): C | undefined {
    return this.#ready.shift()
  }

  /** One that was taken may start again, before all others. */
  again(call: C): void {
    this.#ready.unshift(call)
  }

  /** One that was taken is done: the next of its key may start. */
  done(call: C): void {
    this.#size--
    const { key, next } = call
    if (next !== undefined) this.#ready.push(next as C)
    else if (key !== undefined) this.#tails.delete(key)
  }
}
