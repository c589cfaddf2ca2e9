/** What judges producers in the simulator: each rule is told when it is broken, and only then. */
import assert from 'node:assert/strict'
import type { KinesisPort, kinesis } from '@millrace/core'
import { aggregate } from '@millrace/core/aggregation'
import { UserRecordFailedError } from '@millrace/producer'
import { SimulatedKinesis } from '@millrace/testing'
import { HeldRecords } from '../../sim/checkers/held-records.ts'
import { SendRate } from '../../sim/checkers/send-rate.ts'
import { SentRecords } from '../../sim/checkers/sent-records.ts'
import { StrictReader } from '../../sim/checkers/strict-reader.ts'
import { WireLimits } from '../../sim/checkers/wire-limits.ts'

const STREAM = 's'
const HALF = 1n << 127n

function collected(): { readonly found: string[]; readonly report: (rule: string) => void } {
  const found: string[] = []
  return { found, report: (rule) => void found.push(rule) }
}

/** An aggregate of records at these hash keys, sent to the first. */
function entryAt(...hashKeys: readonly bigint[]): kinesis.PutRecordsEntry {
  const [first = 0n] = hashKeys
  const [packed] = aggregate(
    hashKeys.map((at, i) => ({
      partitionKey: `k${i}`,
      explicitHashKey: at.toString(),
      data: Buffer.from(`${i}:`),
    })),
  )
  return {
    Data: packed?.data ?? new Uint8Array(),
    PartitionKey: 'a',
    ExplicitHashKey: first.toString(),
  }
}

async function service(strict: (service: SimulatedKinesis) => StrictReader): Promise<{
  readonly port: SimulatedKinesis
  readonly strict: StrictReader
}> {
  let reader: StrictReader | undefined
  const port = new SimulatedKinesis({ onRecord: (notice) => reader?.stored(notice) })
  await port.createStream({ StreamName: STREAM, ShardCount: 2 })
  reader = strict(port)
  return { port, strict: reader }
}

const readerOf = (port: SimulatedKinesis): StrictReader =>
  new StrictReader(() => port.shards(STREAM))

function put(port: KinesisPort, ...entries: kinesis.PutRecordsEntry[]) {
  return port.putRecords({ StreamName: STREAM, Records: entries })
}

describe('StrictReader', () => {
  it('drops an aggregate whole when one of its records lies in another shard', async () => {
    const { port, strict } = await service(readerOf)
    const { Records: results } = await put(port, entryAt(1n, 2n), entryAt(1n, HALF))
    const delivered = results.map(({ ShardId = '', SequenceNumber = '' }) =>
      strict.delivers(ShardId, SequenceNumber),
    )
    assert.deepEqual(delivered, [true, false])
    assert.equal(strict.dropped, 1)
  })

  it('reckons hash keys from the UTF-8 of partition keys, as the service does', async () => {
    const { port, strict } = await service(readerOf)
    for (let i = 0; i < 50; i++) {
      const partitionKey = `東京 🛫 ${i}`
      const data = Buffer.from('x')
      const [one] = aggregate([
        { partitionKey, data },
        { partitionKey, data },
      ])
      // Under its own key an aggregate lands where its records belong.
      await put(port, { Data: one?.data ?? data, PartitionKey: partitionKey })
    }
    assert.equal(strict.dropped, 0)
  })

  it('drops nothing where the service places records', async () => {
    const { port, strict } = await service(readerOf)
    strict.filters = false
    await put(port, entryAt(1n, HALF))
    assert.equal(strict.dropped, 0)
  })
})

describe('WireLimits', () => {
  function watched(port: KinesisPort): {
    readonly found: string[]
    readonly limits: WireLimits
    readonly port: KinesisPort
    readonly clock: { ms: number }
  } {
    const clock = { ms: 0 }
    const { found, report } = collected()
    const limits = new WireLimits({ nowMs: () => clock.ms, report })
    return { found, limits, port: limits.watched(port, 'p'), clock }
  }

  const record = (bytes: number, PartitionKey = 'k'): kinesis.PutRecordsEntry => ({
    Data: new Uint8Array(bytes),
    PartitionKey,
  })
  const MIB = 1024 * 1024

  async function judged(...entries: kinesis.PutRecordsEntry[]): Promise<readonly string[]> {
    const { port } = await service(readerOf)
    const { found, port: own } = watched(port)
    await put(own, ...entries).catch(() => undefined)
    return found
  }

  it('lets a request at the limits pass, and no larger one', async () => {
    assert.deepEqual(await judged(...Array.from({ length: 500 }, () => record(10))), [])
    assert.deepEqual(await judged(...Array.from({ length: 501 }, () => record(10))), ['S19'])
    const ten = Array.from({ length: 10 }, () => record(MIB - 1))
    assert.deepEqual(await judged(...ten), [])
    assert.deepEqual(await judged(...ten, record(1)), ['S19'])
  })

  it('measures keys in UTF-8', async () => {
    assert.deepEqual(await judged(record(MIB - 3, '東')), [])
    assert.deepEqual(await judged(record(MIB - 2, '東')), ['S19'])
  })

  it('goes by the record size of the stream', async () => {
    const { port } = await service(readerOf)
    const { found, limits, port: own } = watched(port)
    limits.setRecordLimit(STREAM, 2 * MIB)
    await put(own, record(2 * MIB - 1)).catch(() => undefined)
    assert.deepEqual(found, [])
  })

  it('wants the token of a shard list alone', async () => {
    const { port } = await service(readerOf)
    const { found, port: own } = watched(port)
    await own.listShards({ StreamName: STREAM })
    assert.deepEqual(found, [])
    await own.listShards({ NextToken: 't', StreamName: STREAM }).catch(() => undefined)
    assert.deepEqual(found, ['S19'])
  })

  it('counts the reads of a shard through all its iterators', async () => {
    const { port } = await service(readerOf)
    const { found, port: own, clock } = watched(port)
    const at = { StreamName: STREAM, ShardId: 'shardId-000000000000' }
    let { ShardIterator: iterator } = await own.getShardIterator({
      ...at,
      ShardIteratorType: 'LATEST',
    })
    const read = async (): Promise<void> => {
      const page = await own.getRecords({ ShardIterator: iterator }).catch(() => undefined)
      iterator = page?.NextShardIterator ?? iterator
    }
    for (; clock.ms < 3000; clock.ms += 200) await read()
    assert.deepEqual(found, [])
    await read()
    clock.ms += 100
    await read()
    assert.ok(found.length > 0 && found.every((rule) => rule === 'S19'))
  })
})

describe('HeldRecords', () => {
  function held(): {
    readonly found: string[]
    readonly records: HeldRecords
    readonly told: { outstanding: number }
  } {
    const { found, report } = collected()
    const told = { outstanding: 0 }
    const records = new HeldRecords({
      ...{ maxOutstandingRecords: 2, maxBufferedBytes: 100, report },
      outstandingRecords: () => told.outstanding,
    })
    return { found, records, told }
  }

  it('lets calls wait that are not accepted, and tells of too many records or bytes', () => {
    const { found, records, told } = held()
    records.called(1, 60, true)
    records.called(2, 60, false)
    told.outstanding = 1
    records.look()
    assert.deepEqual(found, [])
    assert.equal(records.mostWaiting, 1)
    told.outstanding = 2
    records.look()
    assert.deepEqual(found, ['S16'])
  })

  it('takes those that may be accepted for the smallest, until they are sent', () => {
    const { found, records, told } = held()
    records.called(1, 90, false)
    records.called(2, 10, false)
    records.called(3, 90, false)
    told.outstanding = 2
    records.look()
    assert.deepEqual(found, [])
    records.departed(1)
    records.departed(3)
    records.look()
    assert.deepEqual(found, ['S16'])
  })

  it('tells of a producer that has lost count', () => {
    const { found, records, told } = held()
    records.called(1, 10, true)
    records.settled(1)
    told.outstanding = 1
    records.look()
    assert.deepEqual(found, ['S16'])
  })
})

describe('SentRecords', () => {
  const attempt = { delayMs: 0, durationMs: 0 }
  const result = { shardId: '', sequenceNumber: '', subSequenceNumber: 0 }
  const failure = (message: string, ...codes: string[]): UserRecordFailedError =>
    new UserRecordFailedError(
      STREAM,
      codes.map((code) => ({ ...attempt, error: { code, message } })),
      { message, hint: '', retryable: true },
    )

  async function watched(answer?: KinesisPort['putRecords']): Promise<{
    readonly found: string[]
    readonly sent: SentRecords
    readonly port: KinesisPort
    readonly clock: { ms: number }
  }> {
    const { port, strict } = await service(readerOf)
    const { found, report } = collected()
    const clock = { ms: 0 }
    const sent = new SentRecords({ strict, report, nowMs: () => clock.ms, holdMs: 1000 })
    if (answer !== undefined) Object.assign(port, { putRecords: answer })
    return { found, sent, port: sent.watched(port), clock }
  }

  it('wants each request among the attempts', async () => {
    const { found, sent, port } = await watched()
    await put(port, entryAt(1n, 2n))
    sent.acked(0, { ...result, attempts: [attempt] })
    assert.deepEqual(found, [])
    await put(port, entryAt(1n, 2n))
    sent.acked(1, { ...result, attempts: [attempt] })
    assert.deepEqual(found, ['S18'])
    sent.acked(1, { ...result, attempts: [{ ...attempt, folded: 2 }] })
    assert.deepEqual(found, ['S18'])
  })

  it('tells of a failure of what is known to be stored, and delivered', async () => {
    const { found, sent, port } = await watched()
    await port.listShards({ StreamName: STREAM })
    await put(port, entryAt(1n, HALF))
    sent.failed(0, failure('Wrong Shard: x', 'Wrong Shard'))
    assert.deepEqual(found, [])
    await put(port, entryAt(1n, 2n))
    sent.failed(0, failure('InternalFailure: x', 'a', 'b'))
    assert.deepEqual(found, ['S18'])
  })

  it('leaves out a shard that the producer is shown when it waits for it no more', async () => {
    const { found, sent, port, clock } = await watched()
    await put(port, entryAt(1n, 2n))
    clock.ms = 1500
    await port.listShards({ StreamName: STREAM })
    sent.failed(0, failure('InternalFailure: x', 'a'))
    assert.deepEqual(found, [])
    sent.mustBeStored(0, 'flush()')
    assert.deepEqual(found, [])
  })

  it('tells of a failure with a request on its way, unless the producer lets go', async () => {
    const { found, sent, port } = await watched(() => new Promise(() => {}))
    void put(port, entryAt(1n, 2n))
    sent.failed(0, failure('Closed: x'))
    assert.deepEqual(found, [])
    sent.failed(0, failure('Expired: x', 'Expired', 'Expired'))
    assert.deepEqual(found, ['S18'])
  })

  it('tells of a record that passes for stored although nobody said so', async () => {
    const { found, sent, port } = await watched(() => Promise.reject(new Error('lost')))
    await put(port, entryAt(1n, 2n)).catch(() => undefined)
    sent.mustBeStored(0, 'flush()')
    assert.deepEqual(found, ['S18'])
  })
})

describe('SendRate', () => {
  it('tells the rate of the whole time, and of the fullest window', async () => {
    const { port } = await service(readerOf)
    const clock = { ms: 0 }
    const rate = new SendRate({ nowMs: () => clock.ms, shards: () => port.shards(STREAM) })
    const own = rate.watched(port)
    for (; clock.ms < 2000; clock.ms += 100) {
      const entry = { Data: new Uint8Array(99), PartitionKey: 'k', ExplicitHashKey: '0' }
      await put(own, entry, ...(clock.ms < 500 ? [entry] : []))
    }
    const [found] = rate.rates(0, 2000, 1000)
    assert.deepEqual(found, {
      shardId: 'shardId-000000000000',
      recordsPerSecond: 12.5,
      bytesPerSecond: 1250,
      mostRecordsPerSecond: 15,
      mostBytesPerSecond: 1500,
    })
  })
})
