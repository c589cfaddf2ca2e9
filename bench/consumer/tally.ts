/** HOT: counts what a client is given, and holds it to the order: nothing twice, nothing backwards. */

export class ShardTally {
  #lastNumber = ''
  #lastSub = -1
  records = 0
  dataBytes = 0

  /** @throws Error for a record that is not behind the last one */
  add(sequenceNumber: string, subSequenceNumber: number, dataBytes: number): void {
    const isNext =
      sequenceNumber === this.#lastNumber
        ? subSequenceNumber > this.#lastSub
        : sequenceNumber > this.#lastNumber
    if (!isNext) throw new Error(`${sequenceNumber}/${subSequenceNumber} came again`)
    this.#lastNumber = sequenceNumber
    this.#lastSub = subSequenceNumber
    this.records++
    this.dataBytes += dataBytes
  }
}

export interface Total {
  readonly records: number
  readonly dataBytes: number
}

export class Tally {
  readonly #shards = new Map<string, ShardTally>()
  #wanted = Number.POSITIVE_INFINITY
  #reached: (() => void) | undefined

  get total(): Total {
    let records = 0
    let dataBytes = 0
    for (const shard of this.#shards.values()) {
      records += shard.records
      dataBytes += shard.dataBytes
    }
    return { records, dataBytes }
  }

  shard(shardId: string): ShardTally {
    let shard = this.#shards.get(shardId)
    if (shard === undefined) {
      shard = new ShardTally()
      this.#shards.set(shardId, shard)
    }
    return shard
  }

  /** Resolves when so many records have come in all. */
  reached(records: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = records
      this.#reached = resolve
      this.look()
    })
  }

  /** After a batch. */
  look(): void {
    if (this.#reached === undefined || this.total.records < this.#wanted) return
    this.#reached()
    this.#reached = undefined
  }
}
