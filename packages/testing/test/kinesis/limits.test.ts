import assert from 'node:assert/strict'
import type { kinesis } from '@millrace/core'
import { clockedService, entriesOf, HOUR_MS, kind, SHARD_0, STREAM } from './clocked-service.ts'

const MIB = 1024 * 1024

function accepted(output: kinesis.PutRecordsOutput): number {
  return output.Records.length - output.FailedRecordCount
}

describe('rates of a simulated shard', () => {
  it('takes 1,000 records at once and then 1,000 a second', async () => {
    const service = await clockedService()
    const put = async (): Promise<number> =>
      accepted(await service.putRecords({ StreamName: STREAM, Records: entriesOf(500) }))
    assert.deepEqual([await put(), await put(), await put()], [500, 500, 0])
    service.pass(100)
    assert.equal(await put(), 100)
    service.pass(60_000)
    assert.deepEqual([await put(), await put(), await put()], [500, 500, 0])
  })

  it('takes 1 MiB at once and then 1 MiB a second, smaller records still passing', async () => {
    const service = await clockedService()
    const put = async (...sizes: number[]): Promise<(string | undefined)[]> => {
      const Records = sizes.flatMap((size) => entriesOf(1, size))
      const output = await service.putRecords({ StreamName: STREAM, Records })
      return output.Records.map((result) => result.ErrorCode && 'over')
    }
    assert.deepEqual(await put(MIB - 100, 200, 100), [undefined, 'over', undefined])
    service.pass(500)
    assert.deepEqual(await put(MIB / 2 + 1, MIB / 2), ['over', undefined])
  })

  it('lends a record of 10 MiB and takes nothing until that is paid back', async () => {
    const service = await clockedService()
    await service.createStream({
      StreamName: 'large',
      ShardCount: 1,
      MaxRecordSizeInKiB: 10_240,
    })
    const put = async (size: number): Promise<number> =>
      accepted(await service.putRecords({ StreamName: 'large', Records: entriesOf(1, size) }))
    assert.equal(await put(10 * MIB), 1)
    service.pass(9000)
    assert.equal(await put(1000), 0)
    service.pass(1)
    assert.equal(await put(1000), 1)
  })

  it('names the shard and stream in the message, and leaves other shards alone', async () => {
    const service = await clockedService({}, 2)
    const toFirst = entriesOf(500).map((entry) => ({ ...entry, ExplicitHashKey: '0' }))
    for (let call = 0; call < 2; call++) {
      await service.putRecords({ StreamName: STREAM, Records: toFirst })
    }
    const output = await service.putRecords({
      StreamName: STREAM,
      Records: [
        ...toFirst.slice(0, 1),
        { ...toFirst[0], ExplicitHashKey: String(1n << 127n) } as kinesis.PutRecordsEntry,
      ],
    })
    assert.equal(output.FailedRecordCount, 1)
    assert.match(
      output.Records[0]?.ErrorMessage ?? '',
      /shardId-000000000000 in stream orders under account 000000000000/,
    )
    assert.equal(output.Records[1]?.ShardId, 'shardId-000000000001')
    await assert.rejects(
      service.putRecord({ StreamName: STREAM, ...(toFirst[0] as kinesis.PutRecordsEntry) }),
      kind('throttled'),
    )
  })

  it('gives 5 reads and 5 iterators a second', async () => {
    const service = await clockedService()
    const iterator = await service.iterator('LATEST')
    for (let call = 0; call < 4; call++) await service.iterator('LATEST')
    await assert.rejects(service.iterator('LATEST'), kind('throttled'))
    for (let call = 0; call < 5; call++) await service.read(iterator)
    await assert.rejects(service.read(iterator), kind('throttled'))
    service.pass(200)
    await service.read(iterator)
    await assert.rejects(service.read(iterator), kind('throttled'))
    await service.iterator('LATEST')
  })

  it('gives 2 MiB a second, after a page that may be larger', async () => {
    const service = await clockedService()
    for (let second = 0; second < 6; second++) {
      await service.putRecords({ StreamName: STREAM, Records: entriesOf(1, MIB) })
      service.pass(1000)
    }
    const iterator = await service.iterator('TRIM_HORIZON')
    assert.equal((await service.read(iterator)).Records.length, 6)
    service.pass(2000)
    await assert.rejects(service.read(iterator), kind('throttled'))
    service.pass(1)
    await service.read(iterator)
  })

  it('pauses reads for 5 s after a page of 10 MiB', async () => {
    const service = await clockedService()
    for (let second = 0; second < 12; second++) {
      await service.putRecords({ StreamName: STREAM, Records: entriesOf(1, MIB) })
      service.pass(1000)
    }
    const page = await service.read(await service.iterator('TRIM_HORIZON'))
    assert.equal(page.Records.length, 10)
    const next = page.NextShardIterator ?? ''
    service.pass(4999)
    await assert.rejects(service.read(next), kind('throttled'))
    service.pass(1)
    assert.equal((await service.read(next)).Records.length, 2)
  })

  it('paces describes, splits and merges', async () => {
    const service = await clockedService()
    for (let call = 0; call < 20; call++) {
      await service.describeStreamSummary({ StreamName: STREAM })
    }
    await assert.rejects(service.describeStreamSummary({ StreamName: STREAM }), kind('limit'))
    for (let call = 0; call < 5; call++)
      await assert.rejects(service.split('none'), kind('missing'))
    await assert.rejects(service.split(SHARD_0), kind('limit'))
    service.pass(200)
    await service.split(SHARD_0)
  })

  it('has none of these rates when they are switched off', async () => {
    const service = await clockedService({ limits: false })
    for (let call = 0; call < 30; call++) {
      const output = await service.putRecords({
        StreamName: STREAM,
        Records: entriesOf(500, 200),
      })
      assert.equal(output.FailedRecordCount, 0)
      await service.describeStreamSummary({ StreamName: STREAM })
      await service.read(await service.iterator('LATEST'))
    }
  })

  it('neither gives nor takes when its clock is set back', async () => {
    const service = await clockedService()
    await service.putRecords({ StreamName: STREAM, Records: entriesOf(500) })
    service.pass(-HOUR_MS)
    const second = await service.putRecords({ StreamName: STREAM, Records: entriesOf(500) })
    const third = await service.putRecords({ StreamName: STREAM, Records: entriesOf(500) })
    assert.deepEqual([accepted(second), accepted(third)], [500, 0])
  })
})
