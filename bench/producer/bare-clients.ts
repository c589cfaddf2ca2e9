/**
 * The least that a client can do which packs as KPL does: hash, pack, sign, send, resolve. No checks, no
 * limits, no time-outs, no retries, no metrics: what `put` and `tryPut` cost beyond it is their promise.
 */
import { type KinesisPort, kinesisOverCbor, type ShardMap } from '@millrace/core'
import {
  AGGREGATE_PARTITION_KEY,
  AggregateEncoder,
  hashPartitionKey,
  newHashWords,
  sealAggregates,
} from '@millrace/core/internal'
import { evenShards } from '../../integration/harness/even-shards.ts'
import { CREDENTIALS, REGION } from '../environment.ts'
import type { Load } from './load.ts'
import { type ClientSettings, SHARDS, STREAM } from './messages.ts'
import { OUTSTANDING } from './millrace-clients.ts'
import { OutstandingWindow } from './outstanding-window.ts'

/** As the producer's defaults have it. */
const AGGREGATE_MAX_BYTES = 51_200
/** About as many as fill a producer's request under this load. */
const AGGREGATES_A_REQUEST = 20

type Resolve = (result: object) => void

/** What is packed for one shard. */
class OpenAggregate {
  readonly encoder = new AggregateEncoder()
  readonly explicitHashKey: string
  records = 0
  resolves: Resolve[] = []

  constructor(explicitHashKey: string) {
    this.explicitHashKey = explicitHashKey
  }
}

interface Packed {
  readonly Data: Uint8Array
  readonly PartitionKey: string
  readonly ExplicitHashKey: string
  readonly records: number
  readonly resolves: readonly Resolve[]
}

class BareClient {
  readonly #kinesis: KinesisPort
  readonly #map: ShardMap = evenShards(SHARDS)
  readonly #open: readonly OpenAggregate[]
  readonly #words = newHashWords()
  readonly #idleBuffers: Buffer[] = []
  #request: Packed[] = []
  #outstanding = 0
  #failure: Error | undefined
  #wake: (() => void) | undefined
  #resolve: Resolve = () => {}

  constructor({ url }: ClientSettings) {
    this.#kinesis = kinesisOverCbor({ region: REGION, endpoint: url, credentials: CREDENTIALS })
    this.#open = this.#map.shards.map(
      ({ hashKeyRange }) => new OpenAggregate(hashKeyRange.start.toString()),
    )
  }

  get isFull(): boolean {
    return this.#outstanding >= OUTSTANDING
  }

  put(partitionKey: string, data: Uint8Array): Promise<object> {
    const open = this.tryPut(partitionKey, data)
    const promise = new Promise<object>(this.#take)
    open.resolves.push(this.#resolve)
    return promise
  }

  tryPut(partitionKey: string, data: Uint8Array): OpenAggregate {
    const keyBytes = hashPartitionKey(partitionKey, this.#words)
    const open = this.#open[this.#map.indexFor(this.#words)] as OpenAggregate
    const { encoder } = open
    if (!encoder.tryAdd(partitionKey, keyBytes, undefined, data, AGGREGATE_MAX_BYTES)) {
      this.#close(open)
      encoder.tryAdd(partitionKey, keyBytes, undefined, data, AGGREGATE_MAX_BYTES)
    }
    open.records++
    this.#outstanding++
    return open
  }

  /** Resolves when at most so many records are outstanding. Rejects when a request failed. */
  async until(outstanding: number): Promise<void> {
    while (this.#failure === undefined && this.#outstanding > outstanding) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  async flush(): Promise<void> {
    for (const open of this.#open) if (open.records > 0) this.#close(open)
    if (this.#request.length > 0) void this.#send()
    await this.until(0)
  }

  readonly #take = (resolve: Resolve): void => {
    this.#resolve = resolve
  }

  #close(open: OpenAggregate): void {
    const { encoder, explicitHashKey, records, resolves } = open
    const buffer = this.#idleBuffers.pop() ?? Buffer.allocUnsafeSlow(AGGREGATE_MAX_BYTES)
    this.#request.push({
      Data: encoder.encodeInto(buffer),
      PartitionKey: AGGREGATE_PARTITION_KEY,
      ExplicitHashKey: explicitHashKey,
      records,
      resolves,
    })
    encoder.reset()
    open.records = 0
    open.resolves = []
    if (this.#request.length === AGGREGATES_A_REQUEST) void this.#send()
  }

  async #send(): Promise<void> {
    const packed = this.#request
    this.#request = []
    sealAggregates(packed.map(({ Data }) => Data))
    try {
      const { Records } = await this.#kinesis.putRecords({ StreamName: STREAM, Records: packed })
      for (const [i, { Data, records, resolves }] of packed.entries()) {
        const { ShardId: shardId, SequenceNumber: sequenceNumber } = Records[i] ?? {}
        for (let at = 0; at < resolves.length; at++) {
          resolves[at]?.({ shardId, sequenceNumber, subSequenceNumber: at, attempts: Records })
        }
        this.#outstanding -= records
        this.#idleBuffers.push(Buffer.from(Data.buffer))
      }
    } catch (error) {
      this.#failure ??= error as Error
    }
    this.#wake?.()
  }
}

export function barePut(settings: ClientSettings): (load: Load) => Promise<number> {
  const client = new BareClient(settings)
  return async ({ keys, data }) => {
    const window = new OutstandingWindow(OUTSTANDING)
    for (let i = 0; i < keys.length; i++) {
      window.began()
      client
        .put(keys[i] as string, data[i % data.length] as Uint8Array)
        .then(window.stored, window.failed)
      if (client.isFull) await client.until(OUTSTANDING >> 1)
    }
    await client.flush()
    await window.halfFree()
    return window.acknowledged
  }
}

export function bareTryPut(settings: ClientSettings): (load: Load) => Promise<number> {
  const client = new BareClient(settings)
  return async ({ keys, data }) => {
    for (let i = 0; i < keys.length; i++) {
      client.tryPut(keys[i] as string, data[i % data.length] as Uint8Array)
      if (client.isFull) await client.until(OUTSTANDING >> 1)
    }
    await client.flush()
    return keys.length
  }
}
