/** Which shards the user has paused: some, or all but some. Pure but for its memory. */
export class PausedShards {
  #isAll = false
  /** Of `all`, those that are not paused; else those that are. */
  #exceptions = new Set<string>()

  has(shardId: string): boolean {
    return this.#isAll !== this.#exceptions.has(shardId)
  }

  /** @param shardIds left out, all shards, those to come included */
  pause(shardIds: readonly string[] | undefined): void {
    this.#set(shardIds, true)
  }

  resume(shardIds: readonly string[] | undefined): void {
    this.#set(shardIds, false)
  }

  #set(shardIds: readonly string[] | undefined, isPaused: boolean): void {
    if (shardIds === undefined) {
      this.#isAll = isPaused
      this.#exceptions = new Set()
      return
    }
    for (const shardId of shardIds) {
      if (isPaused === this.#isAll) this.#exceptions.delete(shardId)
      else this.#exceptions.add(shardId)
    }
  }
}
