/** The open shards of a stream in key order: which one owns a hash key, by binary search. */
import type { ShardStore } from './shard-store.ts'

export class OpenShards {
  readonly #shards: readonly ShardStore[]

  constructor(shards: readonly ShardStore[]) {
    this.#shards = [...shards].sort((a, b) => (a.startHex < b.startHex ? -1 : 1))
  }

  get count(): number {
    return this.#shards.length
  }

  ownerOf(hex: string): ShardStore {
    let low = 0
    let high = this.#shards.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#shards[middle] as ShardStore).startHex <= hex) low = middle
      else high = middle - 1
    }
    return this.#shards[low] as ShardStore
  }

  /** @param place in [0, 1) */
  at(place: number): ShardStore {
    return this.#shards[Math.floor(place * this.#shards.length)] as ShardStore
  }
}
