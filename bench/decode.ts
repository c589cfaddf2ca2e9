/** Aggregates -> user records with the checksum on, against aws-kinesis-agg, which checks no range. */
import { MAX_HASH_KEY } from '@millrace/core'
import { aggregate } from '@millrace/core/aggregation'
import { Deaggregator } from '@millrace/core/internal'
import { loadPeer, type PeerKinesisRecord } from './aws-kinesis-agg.ts'
import type { Benchmark } from './benchmark.ts'
import {
  AGGREGATE_MAX_BYTES,
  freshKeys,
  payloads,
  RECORDS_A_PASS,
  recordsAnAggregate,
} from './load.ts'

const FLOORS = [
  { dataBytes: 100, plain: 2.3, ranged: 1.5 },
  { dataBytes: 1024, plain: 1.35, ranged: 1.2 },
]

export function decodeBenchmarks(): Benchmark[] {
  return FLOORS.map(({ dataBytes, plain, ranged }) => {
    const load = new DecodeLoad(dataBytes)
    load.verify()
    const common = { operations: RECORDS_A_PASS }
    return {
      name: `decode, ${dataBytes} B`,
      control: 'aws-kinesis-agg',
      cases: [
        { ...common, name: 'fast lane', run: () => load.byFastLane() },
        { ...common, name: 'fast lane, range checked', run: () => load.rangeChecked() },
        { ...common, name: 'aws-kinesis-agg', run: () => load.byPeer() },
      ],
      floors: [
        { name: 'no range check', ours: 'fast lane', peer: 'aws-kinesis-agg', atLeast: plain },
        {
          name: 'with range check',
          ours: 'fast lane, range checked',
          peer: 'aws-kinesis-agg',
          atLeast: ranged,
        },
      ],
    }
  })
}

class DecodeLoad {
  readonly #peer = loadPeer()
  readonly #records: readonly { readonly Data: Uint8Array; readonly SequenceNumber: string }[]
  readonly #peerRecords: readonly PeerKinesisRecord[]
  readonly #plain = new Deaggregator()
  readonly #ranged = new Deaggregator({ hashKeyRange: { start: 0n, end: MAX_HASH_KEY } })

  constructor(dataBytes: number) {
    const keys = freshKeys(RECORDS_A_PASS)
    const data = payloads(RECORDS_A_PASS, dataBytes)
    const aggregates = aggregate(
      keys.map((partitionKey, i) => ({ partitionKey, data: data[i] as Buffer })),
      { maxBytes: AGGREGATE_MAX_BYTES, maxRecords: recordsAnAggregate(dataBytes) },
    )
    this.#records = aggregates.map((each) => ({ Data: each.data, SequenceNumber: '1' }))
    this.#peerRecords = aggregates.map((each) => ({
      data: Buffer.from(each.data).toString('base64'),
      partitionKey: each.partitionKey,
      sequenceNumber: '1',
    }))
  }

  /** Same user records from both, before any time is taken. */
  verify(): void {
    const ours = this.#records.flatMap((record) =>
      Array.from(this.#plain.deaggregate(record), ({ partitionKey, data }) => [
        partitionKey,
        Buffer.from(data).toString('base64'),
      ]),
    )
    const theirs: [string, string][] = []
    for (const record of this.#peerRecords) {
      this.#peer.deaggregateSync(record, true, (error, userRecords) => {
        if (error) throw new Error('decode: the peer refuses our aggregate', { cause: error })
        for (const { partitionKey, data } of userRecords) theirs.push([partitionKey, data])
      })
    }
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
      throw new Error('decode: our user records differ from the peer’s')
    }
  }

  byFastLane(): number {
    return this.#walk(this.#plain)
  }

  rangeChecked(): number {
    return this.#walk(this.#ranged)
  }

  byPeer(): number {
    let seen = 0
    for (const record of this.#peerRecords) {
      this.#peer.deaggregateSync(record, true, (_error, userRecords) => {
        for (const { partitionKey, data } of userRecords) seen += partitionKey.length + data.length
      })
    }
    return seen
  }

  #walk(deaggregator: Deaggregator): number {
    let seen = 0
    for (const record of this.#records) {
      for (const { partitionKey, data, misplaced } of deaggregator.deaggregate(record)) {
        if (misplaced) throw new Error('decode: a user record outside the whole key space')
        seen += (partitionKey as string).length + data.length
      }
    }
    return seen
  }
}
