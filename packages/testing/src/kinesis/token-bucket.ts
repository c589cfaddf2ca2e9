/**
 * A rate with a burst. A cost above the capacity is let through once the bucket is full and leaves
 * a debt: that is how a shard takes a 10 MiB record at 1 MiB/s.
 */
export class TokenBucket {
  readonly #capacity: number
  readonly #perMs: number
  #level: number
  #atMs: number

  constructor(perSecond: number, nowMs: number) {
    this.#capacity = perSecond
    this.#perMs = perSecond / 1000
    this.#level = perSecond
    this.#atMs = nowMs
  }

  holds(cost: number, nowMs: number): boolean {
    this.#refill(nowMs)
    return this.#level >= Math.min(cost, this.#capacity)
  }

  take(cost: number): void {
    this.#level -= cost
  }

  tryTake(cost: number, nowMs: number): boolean {
    if (!this.holds(cost, nowMs)) return false
    this.take(cost)
    return true
  }

  #refill(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs
    this.#atMs = nowMs
    // A clock set back gives nothing and costs nothing.
    if (elapsedMs <= 0) return
    this.#level = Math.min(this.#capacity, this.#level + elapsedMs * this.#perMs)
  }
}
