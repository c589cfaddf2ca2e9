/** User records -> aggregates, against aws-kinesis-agg, which hashes no key and knows no shard. */
import { AggregateEncoder, hashPartitionKey, newHashWords } from '@millrace/core/internal'
import { evenShards } from '../integration/harness/even-shards.ts'
import { loadPeer } from './aws-kinesis-agg.ts'
import type { Benchmark } from './benchmark.ts'
import {
  AGGREGATE_MAX_BYTES,
  freshKeys,
  payloads,
  RECORDS_A_PASS,
  recordsAnAggregate,
} from './load.ts'

const FLOORS = [
  { dataBytes: 100, plain: 2.1, routed: 1.5 },
  { dataBytes: 1024, plain: 1.4, routed: 1.25 },
]
const SHARDS = 8

export function encodeBenchmarks(): Benchmark[] {
  return FLOORS.map(({ dataBytes, plain, routed }) => {
    const load = new EncodeLoad(dataBytes)
    load.verify()
    const common = { operations: RECORDS_A_PASS, prepare: () => load.renewKeys() }
    return {
      name: `encode, ${dataBytes} B`,
      control: 'aws-kinesis-agg',
      cases: [
        { ...common, name: 'fast lane', run: () => load.byFastLane() },
        { ...common, name: 'fast lane, hashed and routed', run: () => load.hashedAndRouted() },
        { ...common, name: 'aws-kinesis-agg', run: () => load.byPeer() },
      ],
      floors: [
        { name: 'no key hashing', ours: 'fast lane', peer: 'aws-kinesis-agg', atLeast: plain },
        {
          name: 'with key hashing and routing',
          ours: 'fast lane, hashed and routed',
          peer: 'aws-kinesis-agg',
          atLeast: routed,
        },
      ],
    }
  })
}

class EncodeLoad {
  readonly #peer = loadPeer()
  readonly #data: readonly Buffer[]
  readonly #perAggregate: number
  readonly #encoder = new AggregateEncoder()
  readonly #encoders = Array.from({ length: SHARDS }, () => new AggregateEncoder())
  readonly #map = evenShards(SHARDS)
  readonly #words = newHashWords()
  #keys: readonly string[] = []

  constructor(dataBytes: number) {
    this.#data = payloads(RECORDS_A_PASS, dataBytes)
    this.#perAggregate = recordsAnAggregate(dataBytes)
  }

  renewKeys(): void {
    this.#keys = freshKeys(RECORDS_A_PASS)
  }

  /** Same bytes from both, before any time is taken. */
  verify(): void {
    this.renewKeys()
    const aggregator = new this.#peer.RecordAggregator()
    for (let i = 0; i < this.#perAggregate; i++) {
      const [partitionKey, data] = [this.#keys[i] as string, this.#data[i] as Buffer]
      this.#add(this.#encoder, partitionKey, partitionKey.length, data)
      aggregator.addUserRecord({ partitionKey, data })
    }
    if (!aggregator.build().data.equals(this.#encoder.encode())) {
      throw new Error('encode: our bytes differ from the peer’s')
    }
    this.#encoder.reset()
  }

  byFastLane(): number {
    let bytes = 0
    for (let i = 0; i < RECORDS_A_PASS; i++) {
      const key = this.#keys[i] as string
      if (this.#encoder.records === this.#perAggregate) bytes += this.#close(this.#encoder)
      this.#add(this.#encoder, key, key.length, this.#data[i] as Buffer)
    }
    return bytes + this.#close(this.#encoder)
  }

  hashedAndRouted(): number {
    let bytes = 0
    for (let i = 0; i < RECORDS_A_PASS; i++) {
      const key = this.#keys[i] as string
      const keyBytes = hashPartitionKey(key, this.#words)
      const encoder = this.#encoders[this.#map.indexFor(this.#words)] as AggregateEncoder
      if (encoder.records === this.#perAggregate) bytes += this.#close(encoder)
      this.#add(encoder, key, keyBytes, this.#data[i] as Buffer)
    }
    for (const encoder of this.#encoders) bytes += this.#close(encoder)
    return bytes
  }

  byPeer(): number {
    let bytes = 0
    const aggregator = new this.#peer.RecordAggregator()
    for (let i = 0; i < RECORDS_A_PASS; i++) {
      if (i > 0 && i % this.#perAggregate === 0) bytes += aggregator.build().data.length
      aggregator.addUserRecord({
        partitionKey: this.#keys[i] as string,
        data: this.#data[i] as Buffer,
      })
    }
    return bytes + aggregator.build().data.length
  }

  #add(encoder: AggregateEncoder, key: string, keyBytes: number, data: Buffer): void {
    if (encoder.tryAdd(key, keyBytes, undefined, data, AGGREGATE_MAX_BYTES)) return
    throw new Error('encode: an aggregate is fuller than the load allows')
  }

  #close(encoder: AggregateEncoder): number {
    const bytes = encoder.encode().length
    encoder.reset()
    return bytes
  }
}
