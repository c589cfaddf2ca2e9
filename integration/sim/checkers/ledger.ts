/**
 * The account of one history: what was put, what the stream stored, what handlers saw and
 * finished. The checkers below read it; nothing of the product does.
 */
import type { ConsumerRecord } from '@millrace/consumer'
import { compareExtendedSequenceNumbers, type ExtendedSequenceNumber } from '@millrace/core'
import { deaggregate } from '@millrace/core/aggregation'
import type { StoredRecordNotice } from '@millrace/testing'

export interface PutRecord {
  readonly id: number
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly data: string
  /** `unknown`: its producer was killed. */
  settled: 'pending' | 'acked' | 'failed' | 'unknown'
}

/** A user record where the stream holds it. */
export interface StoredUserRecord extends ExtendedSequenceNumber {
  readonly id: number
  readonly arrivalMs: number
  delivered: number
  /** Or owed by nobody any more: it has left retention. */
  done: boolean
  isTrimmed: boolean
}

export interface ShardAccount {
  readonly shardId: string
  readonly records: StoredUserRecord[]
  /** Position -> place in `records`. */
  readonly places: Map<string, number>
  /** How many records from the start of the shard are done without a gap. */
  donePrefix: number
}

const decoder = new TextDecoder()

export class Ledger {
  readonly puts: PutRecord[] = []
  readonly #shards = new Map<string, ShardAccount>()
  /** Bytes that say no id by themselves, as text. */
  readonly #odd = new Map<string, number>()
  readonly #withheld = new Set<number>()

  get shards(): IterableIterator<ShardAccount> {
    return this.#shards.values()
  }

  put(partitionKey: string, explicitHashKey: string | undefined, padding: string): PutRecord {
    const id = this.puts.length
    const data = `${id}:${padding}`
    const put: PutRecord = { id, partitionKey, explicitHashKey, data, settled: 'pending' }
    this.puts.push(put)
    return put
  }

  /** Bytes that are to be delivered as they are, whatever they look like. */
  putOdd(partitionKey: string, bytes: Uint8Array): PutRecord {
    const id = this.puts.length
    const data = decoder.decode(bytes)
    const put: PutRecord = {
      ...{ id, partitionKey, data },
      ...{ explicitHashKey: undefined, settled: 'acked' },
    }
    this.puts.push(put)
    this.#odd.set(data, id)
    return put
  }

  shard(shardId: string): ShardAccount {
    let account = this.#shards.get(shardId)
    if (account === undefined) {
      account = { shardId, records: [], places: new Map(), donePrefix: 0 }
      this.#shards.set(shardId, account)
    }
    return account
  }

  /** The model stored a Kinesis record: its user records follow the shard's earlier ones. */
  stored({ shardId, record }: StoredRecordNotice): void {
    const account = this.shard(shardId)
    for (const user of deaggregate({
      data: record.Data,
      partitionKey: record.PartitionKey ?? '',
    })) {
      const sequenceNumber = record.SequenceNumber
      const { subSequenceNumber } = user
      account.places.set(`${sequenceNumber}/${subSequenceNumber}`, account.records.length)
      const id = this.#odd.get(decoder.decode(user.data)) ?? idOf(user.data)
      const isWithheld = this.#withheld.has(id)
      account.records.push({
        id,
        sequenceNumber,
        subSequenceNumber,
        arrivalMs: record.ApproximateArrivalTimestamp.getTime(),
        delivered: 0,
        done: isWithheld,
        isTrimmed: isWithheld,
      })
    }
    while (account.records[account.donePrefix]?.done === true) account.donePrefix++
  }

  /** Where a delivered record stands in its shard, or -1. */
  indexOf(shardId: string, { sequenceNumber, subSequenceNumber }: ExtendedSequenceNumber): number {
    return this.shard(shardId).places.get(`${sequenceNumber}/${subSequenceNumber}`) ?? -1
  }

  /** How many records of the shard a stored position covers. */
  covered(shardId: string, at: ExtendedSequenceNumber): number {
    if (at.sequenceNumber === 'SHARD_END') return this.shard(shardId).records.length
    if (!/^[0-9]/.test(at.sequenceNumber)) return 0
    return lastAtOrBefore(this.shard(shardId).records, at) + 1
  }

  done(shardId: string, record: ConsumerRecord<Uint8Array>): void {
    const account = this.shard(shardId)
    const stored = account.records[this.indexOf(shardId, record)]
    if (stored === undefined) return
    stored.done = true
    while (account.records[account.donePrefix]?.done === true) account.donePrefix++
  }

  /** The shard has let go of what arrived by then: it need not be delivered any more. */
  trimmed(shardId: string, arrivedByMs: number): void {
    const account = this.shard(shardId)
    for (const stored of account.records) {
      if (stored.arrivalMs > arrivedByMs) break
      stored.isTrimmed = stored.done = true
    }
    while (account.records[account.donePrefix]?.done === true) account.donePrefix++
  }

  /** A policy will not let it through: said before it is put. */
  withhold(put: PutRecord): void {
    this.#withheld.add(put.id)
  }

  /** Ids that were withheld and delivered all the same. */
  leaked(): number[] {
    return [...this.#shards.values()]
      .flatMap(({ records }) => records)
      .filter(({ id, delivered }) => delivered > 0 && this.#withheld.has(id))
      .map(({ id }) => id)
  }

  /** True when nothing that is still there lies between two places of a shard, the second left out. */
  isTrimmedAway(shardId: string, from: number, to: number): boolean {
    const { records } = this.shard(shardId)
    for (let i = from; i < to; i++) if (records[i]?.isTrimmed !== true) return false
    return true
  }

  /** Ids of acked puts of which no copy is done. */
  undone(): number[] {
    const done = new Set<number>()
    for (const { records } of this.#shards.values()) {
      for (const record of records) if (record.done) done.add(record.id)
    }
    return this.puts
      .filter(({ id, settled }) => settled === 'acked' && !done.has(id))
      .map(({ id }) => id)
  }
}

export function idOf(data: Uint8Array): number {
  const text = decoder.decode(data)
  const colon = text.indexOf(':')
  return colon < 0 ? -1 : Number(text.slice(0, colon))
}

function lastAtOrBefore(
  records: readonly ExtendedSequenceNumber[],
  at: ExtendedSequenceNumber,
): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const record = records[middle]
    if (record !== undefined && compareExtendedSequenceNumbers(record, at) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}
