/**
 * Drives one stream for the conformance tests. Patient: a real service throttles, takes its time
 * over status changes and answers empty pages, and none of that is what these tests are about.
 */
import assert from 'node:assert/strict'
import {
  isServiceError,
  type KinesisAdminPort,
  type KinesisPort,
  type kinesis,
  type ServiceErrorKind,
} from '@millrace/core'
import { sleep } from '@millrace/core/internal'

const MAX_ATTEMPTS = 120
const WAIT_MS = 250
/** Enough empty pages that a record which is there would have come. */
const MAX_READS = 200

export interface StoredAt {
  readonly shardId: string
  readonly sequenceNumber: string
}

export interface DrivenShard {
  readonly records: readonly kinesis.KinesisRecord[]
  readonly last: kinesis.GetRecordsOutput
}

export class StreamDriver {
  readonly port: KinesisPort & KinesisAdminPort
  readonly name: string

  constructor(port: KinesisPort & KinesisAdminPort, name: string) {
    this.port = port
    this.name = name
  }

  async create(input: Omit<kinesis.CreateStreamInput, 'StreamName'>): Promise<void> {
    await patiently(() => this.port.createStream({ StreamName: this.name, ...input }))
    await this.untilActive()
  }

  async delete(): Promise<void> {
    await patiently(() => this.port.deleteStream({ StreamName: this.name }))
  }

  async describe(): Promise<kinesis.StreamDescriptionSummary> {
    const answer = await patiently(() => this.port.describeStreamSummary({ StreamName: this.name }))
    return answer.StreamDescriptionSummary
  }

  async untilActive(): Promise<void> {
    for (let attempt = 1; (await this.describe()).StreamStatus !== 'ACTIVE'; attempt++) {
      assert.ok(attempt < MAX_ATTEMPTS, `${this.name} does not become ACTIVE`)
      await sleep(WAIT_MS)
    }
  }

  async untilGone(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const status = await this.describe().then(
        (summary) => summary.StreamStatus,
        (cause: unknown) => {
          if (isServiceError(cause) && cause.kind === 'missing') return 'gone'
          throw cause
        },
      )
      if (status === 'gone') return
      assert.ok(attempt < MAX_ATTEMPTS, `${this.name} is still ${status}`)
      await sleep(WAIT_MS)
    }
  }

  async split(shardId: string, newStartingHashKey: bigint): Promise<void> {
    await patiently(() =>
      this.port.splitShard({
        StreamName: this.name,
        ShardToSplit: shardId,
        NewStartingHashKey: newStartingHashKey.toString(),
      }),
    )
    await this.untilActive()
  }

  async merge(shardId: string, adjacentShardId: string): Promise<void> {
    await patiently(() =>
      this.port.mergeShards({
        StreamName: this.name,
        ShardToMerge: shardId,
        AdjacentShardToMerge: adjacentShardId,
      }),
    )
    await this.untilActive()
  }

  /** All pages of a listing. */
  async shards(filter?: kinesis.ShardFilter, maxResults = 1000): Promise<kinesis.ServiceShard[]> {
    const shards: kinesis.ServiceShard[] = []
    let page = await patiently(() =>
      this.port.listShards({
        StreamName: this.name,
        MaxResults: maxResults,
        ...(filter === undefined ? {} : { ShardFilter: filter }),
      }),
    )
    for (;;) {
      shards.push(...page.Shards)
      const token = page.NextToken
      if (token === undefined) return shards
      page = await patiently(() =>
        this.port.listShards({ NextToken: token, MaxResults: maxResults }),
      )
    }
  }

  async shardIds(filter?: kinesis.ShardFilter): Promise<string[]> {
    return (await this.shards(filter)).map((shard) => shard.ShardId)
  }

  /** Puts, and puts throttled entries again; the results are those of the entries, in order. */
  async putAll(entries: readonly kinesis.PutRecordsEntry[]): Promise<StoredAt[]> {
    const stored: StoredAt[] = []
    let open = entries.map((entry, place) => ({ entry, place }))
    for (let attempt = 1; open.length > 0; attempt++) {
      assert.ok(attempt < MAX_ATTEMPTS, `${open.length} entries are throttled again and again`)
      const Records = open.map(({ entry }) => entry)
      const answer = await patiently(() => this.port.putRecords({ StreamName: this.name, Records }))
      const failed: typeof open = []
      for (const [at, item] of open.entries()) {
        const result = answer.Records[at]
        assert.ok(result, 'an entry has no result')
        if (result.ShardId === undefined || result.SequenceNumber === undefined) failed.push(item)
        else stored[item.place] = { shardId: result.ShardId, sequenceNumber: result.SequenceNumber }
      }
      assert.equal(answer.FailedRecordCount, failed.length)
      if (failed.length > 0) await sleep(WAIT_MS)
      open = failed
    }
    return stored
  }

  /** Short texts as records, all under one partition key. */
  async putTexts(...texts: readonly string[]): Promise<StoredAt[]> {
    return await this.putAll(texts.map((text) => entryOf(text, 'key')))
  }

  async iterator(
    shardId: string,
    type: kinesis.ShardIteratorType,
    from: Pick<kinesis.GetShardIteratorInput, 'StartingSequenceNumber' | 'Timestamp'> = {},
  ): Promise<string> {
    const answer = await patiently(() =>
      this.port.getShardIterator({
        StreamName: this.name,
        ShardId: shardId,
        ShardIteratorType: type,
        ...from,
      }),
    )
    return answer.ShardIterator
  }

  /** Reads page by page until so many records came, or the shard ended. */
  async read(shardIterator: string, wanted: number, limit = 10_000): Promise<DrivenShard> {
    const records: kinesis.KinesisRecord[] = []
    let iterator = shardIterator
    for (let reads = 1; ; reads++) {
      const last = await patiently(() =>
        this.port.getRecords({ ShardIterator: iterator, Limit: limit }),
      )
      records.push(...last.Records)
      const next = last.NextShardIterator
      if (next === undefined || (records.length >= wanted && last.MillisBehindLatest === 0)) {
        return { records, last }
      }
      assert.ok(reads < MAX_READS, `${records.length} of ${wanted} records came`)
      iterator = next
    }
  }

  async readAll(shardId: string, wanted: number): Promise<DrivenShard> {
    return await this.read(await this.iterator(shardId, 'TRIM_HORIZON'), wanted)
  }

  /**
   * The service's clock to the millisecond, read from a record's arrival; later than `afterMs`
   * by 2 ms at least, so that what happened then lies clearly before.
   */
  async serviceTimeMs(afterMs = 0): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const [stored] = await this.putTexts('clock')
      assert.ok(stored)
      const { records } = await this.read(
        await this.iterator(stored.shardId, 'AT_SEQUENCE_NUMBER', {
          StartingSequenceNumber: stored.sequenceNumber,
        }),
        1,
      )
      const timeMs = records[0]?.ApproximateArrivalTimestamp.getTime() ?? Number.NaN
      if (timeMs > afterMs + 1) return timeMs
      assert.ok(attempt < MAX_ATTEMPTS, `the service's clock stands at ${timeMs}`)
      await sleep(5)
    }
  }
}

export function entryOf(text: string, partitionKey: string): kinesis.PutRecordsEntry {
  return { Data: new TextEncoder().encode(text), PartitionKey: partitionKey }
}

export function textsOf(records: readonly kinesis.KinesisRecord[]): string[] {
  return records.map((record) => new TextDecoder().decode(record.Data))
}

/** Tries again while the service is throttling. */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (cause) {
      const passes = isServiceError(cause) && (cause.kind === 'throttled' || cause.kind === 'limit')
      if (!passes || attempt === MAX_ATTEMPTS) throw cause
    }
    await sleep(WAIT_MS)
  }
}

/** Asserts that a call is refused with a `ServiceError` of one of the kinds. */
export async function refused(
  call: () => Promise<unknown>,
  ...kinds: readonly ServiceErrorKind[]
): Promise<void> {
  await assert.rejects(patiently(call), (cause) => {
    assert.ok(isServiceError(cause), `not a ServiceError: ${String(cause)}`)
    assert.ok(kinds.includes(cause.kind), `${cause.kind} (${cause.message}), not ${kinds.join()}`)
    return true
  })
}
