import assert from 'node:assert/strict'
import { InvalidOptionError } from '@millrace/core'
import {
  clockedService,
  HOUR_MS,
  kind,
  MIDDLE,
  SHARD_0,
  STREAM,
  textsOf,
} from './clocked-service.ts'

describe('retention of the simulated Kinesis', () => {
  it('lets go of records that are a day old, and reads on at the oldest kept', async () => {
    const service = await clockedService()
    await service.put('old')
    service.pass(HOUR_MS)
    const put = await service.put('new')
    service.pass(23 * HOUR_MS - 1)
    assert.equal(service.records(STREAM).length, 2)
    service.pass(1)
    assert.deepEqual(
      service.records(STREAM).map(({ record }) => Buffer.from(record.Data).toString()),
      ['new'],
    )
    const page = await service.read(await service.iterator('TRIM_HORIZON'))
    assert.deepEqual(textsOf(page), ['new'])
    assert.equal(page.Records[0]?.SequenceNumber, put.Records[0]?.SequenceNumber)
  })

  it('takes the number of a trimmed record for the trim horizon', async () => {
    const service = await clockedService({ retentionHours: 1 })
    const [trimmed] = (await service.put('old')).Records
    service.pass(HOUR_MS)
    await service.put('new')
    for (const type of ['AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER'] as const) {
      const iterator = await service.iterator(type, {
        StartingSequenceNumber: trimmed?.SequenceNumber,
      })
      assert.deepEqual(textsOf(await service.read(iterator)), ['new'])
    }
  })

  it('lets go of records of one shard when told to', async () => {
    const service = await clockedService({ retentionHours: 1 })
    await service.put('old')
    service.pass(1000)
    await service.put('new')
    const [old] = service.records(STREAM)
    const arrivedMs = old?.record.ApproximateArrivalTimestamp.getTime() ?? 0
    service.trim(STREAM, old?.shardId ?? '', arrivedMs)
    assert.deepEqual(textsOf(await service.read(await service.iterator('TRIM_HORIZON'))), ['new'])
    service.trim(STREAM, 'shardId-000000000099', arrivedMs)
    assert.throws(() => service.trim('none', 'shardId-000000000000', 0), { kind: 'missing' })
  })

  it('keeps places right while it lets go of records by the thousand', async () => {
    const service = await clockedService({
      limits: false,
      retentionHours: 1,
      iteratorLifetimeMs: HOUR_MS,
    })
    let latest = await service.iterator('LATEST')
    for (let round = 0; round < 30; round++) {
      await service.put(...Array.from({ length: 500 }, (_, i) => `${round}/${i}`))
      const page = await service.read(latest)
      latest = page.NextShardIterator ?? ''
      const fresh = textsOf(page)
      assert.deepEqual([fresh.length, fresh[0], fresh.at(-1)], [500, `${round}/0`, `${round}/499`])
      const kept = textsOf(await service.read(await service.iterator('TRIM_HORIZON')))
      const oldest = Math.max(0, round - 3)
      assert.deepEqual([kept.length, kept[0]], [(round - oldest + 1) * 500, `${oldest}/0`])
      service.pass(HOUR_MS / 4)
    }
  })

  it('lists a closed shard until its last record may be gone', async () => {
    const service = await clockedService({ retentionHours: 1 })
    service.pass(1000)
    await service.split(SHARD_0)
    const all = [SHARD_0, 'shardId-000000000001', 'shardId-000000000002']
    service.pass(HOUR_MS - 1)
    assert.deepEqual(await service.shardIds(), all)
    assert.deepEqual(await service.shardIds({ Type: 'AT_TRIM_HORIZON' }), [SHARD_0])
    const iterator = await service.iterator('TRIM_HORIZON')
    service.pass(1)
    assert.deepEqual(await service.shardIds(), all.slice(1))
    assert.deepEqual(await service.shardIds({ Type: 'AT_TRIM_HORIZON' }), all.slice(1))
    assert.deepEqual(
      await service.shardIds({ Type: 'FROM_TIMESTAMP', Timestamp: new Date(0) }),
      all.slice(1),
    )
    await assert.rejects(service.iterator('TRIM_HORIZON'), kind('missing'))
    await assert.rejects(service.read(iterator), kind('missing'))
    await service.split('shardId-000000000002', String((1n << 127n) + (1n << 126n)))
    assert.deepEqual(await service.shardIds({ Type: 'AT_LATEST' }), [
      'shardId-000000000001',
      'shardId-000000000003',
      'shardId-000000000004',
    ])
  })

  it('lets a closed shard go before its time, and no open one', async () => {
    const service = await clockedService()
    await service.put('a')
    assert.throws(() => service.expire(STREAM, SHARD_0), InvalidOptionError)
    await service.split(SHARD_0, MIDDLE)
    const iterator = await service.iterator('TRIM_HORIZON')
    service.expire(STREAM, SHARD_0)
    assert.deepEqual(await service.shardIds(), ['shardId-000000000001', 'shardId-000000000002'])
    await assert.rejects(service.iterator('TRIM_HORIZON'), kind('missing'))
    await assert.rejects(service.read(iterator), kind('missing'))
  })

  it('lists one generation at the horizon when a reshard fell in the first millisecond', async () => {
    const service = await clockedService()
    await service.split(SHARD_0, MIDDLE)
    assert.deepEqual(await service.shardIds({ Type: 'AT_TRIM_HORIZON' }), [SHARD_0])
    service.pass(24 * HOUR_MS)
    assert.deepEqual(await service.shardIds({ Type: 'AT_TRIM_HORIZON' }), [
      'shardId-000000000001',
      'shardId-000000000002',
    ])
  })
})
