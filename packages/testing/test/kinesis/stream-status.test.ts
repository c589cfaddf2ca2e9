import assert from 'node:assert/strict'
import {
  ClockedService,
  clockedService,
  entryOf,
  kind,
  SHARD_0,
  STREAM,
  textsOf,
} from './clocked-service.ts'

async function statusOf(service: ClockedService): Promise<string> {
  const answer = await service.describeStreamSummary({ StreamName: STREAM })
  return answer.StreamDescriptionSummary.StreamStatus
}

describe('status of a simulated stream', () => {
  it('is CREATING first: described, but neither written, read nor listed', async () => {
    const service = new ClockedService({ statusChangeMs: 500 })
    await service.createStream({ StreamName: STREAM, ShardCount: 1 })
    assert.equal(await statusOf(service), 'CREATING')
    await assert.rejects(service.put('x'), kind('missing'))
    await assert.rejects(service.iterator('LATEST'), kind('missing'))
    await assert.rejects(service.shardIds(), kind('in-use'))
    await assert.rejects(
      service.createStream({ StreamName: STREAM, ShardCount: 1 }),
      kind('in-use'),
    )
    await assert.rejects(service.deleteStream({ StreamName: STREAM }), kind('in-use'))
    service.pass(499)
    assert.equal(await statusOf(service), 'CREATING')
    service.pass(1)
    assert.equal(await statusOf(service), 'ACTIVE')
    await service.put('x')
  })

  it('is UPDATING during a reshard: the parent takes records until one instant', async () => {
    const service = await clockedService({ statusChangeMs: 500 })
    service.pass(500)
    await service.split(SHARD_0)
    assert.equal(await statusOf(service), 'UPDATING')
    assert.equal((await service.put('to the parent')).Records[0]?.ShardId, SHARD_0)
    assert.deepEqual(await service.shardIds(), [SHARD_0])
    await assert.rejects(service.split(SHARD_0), kind('in-use'))
    await assert.rejects(service.deleteStream({ StreamName: STREAM }), kind('in-use'))
    service.pass(500)
    assert.notEqual((await service.put('to a child')).Records[0]?.ShardId, SHARD_0)
    assert.equal(await statusOf(service), 'ACTIVE')
    assert.equal((await service.shardIds()).length, 3)
    const page = await service.read(await service.iterator('TRIM_HORIZON'))
    assert.deepEqual(textsOf(page), ['to the parent'])
    assert.equal(page.ChildShards?.length, 2)
  })

  it('is DELETING while it goes, still read and written', async () => {
    const service = await clockedService({ statusChangeMs: 500 })
    service.pass(500)
    await service.deleteStream({ StreamName: STREAM })
    assert.equal(await statusOf(service), 'DELETING')
    await service.put('x')
    await service.iterator('LATEST')
    await assert.rejects(service.shardIds(), kind('in-use'))
    service.pass(500)
    await assert.rejects(statusOf(service), kind('missing'))
    assert.deepEqual(service.streamNames(), [])
  })

  it('tells a stream from an earlier one of its name', async () => {
    const service = await clockedService({ listShardsPageSize: 1 }, 2)
    const [old] = (await service.put('old')).Records
    const iterator = await service.iterator('TRIM_HORIZON')
    const { NextToken } = await service.listShards({ StreamName: STREAM })
    await service.deleteStream({ StreamName: STREAM })
    await service.createStream({ StreamName: STREAM, ShardCount: 2 })
    await assert.rejects(service.read(iterator), kind('missing'))
    await assert.rejects(service.listShards({ NextToken }), kind('missing'))
    await assert.rejects(
      service.iterator('AFTER_SEQUENCE_NUMBER', {
        ShardId: old?.ShardId ?? '',
        StartingSequenceNumber: old?.SequenceNumber,
      }),
      kind('invalid'),
    )
    assert.deepEqual(service.records(STREAM), [])
  })

  it('is refused a reshard in on-demand mode, where the service decides', async () => {
    const service = new ClockedService()
    await service.createStream({
      StreamName: STREAM,
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    })
    assert.equal((await service.shardIds()).length, 4)
    await assert.rejects(service.split(SHARD_0), kind('invalid'))
  })
})

describe('AUTO record distribution of a simulated stream', () => {
  it('spreads records without keys over all shards, and reads them without keys', async () => {
    const service = new ClockedService()
    await service.createStream({
      StreamName: STREAM,
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RecordDistributionStrategy: 'AUTO',
    })
    const Records = Array.from({ length: 200 }, () => ({ Data: new Uint8Array(1) }))
    const output = await service.putRecords({ StreamName: STREAM, Records })
    assert.equal(new Set(output.Records.map((result) => result.ShardId)).size, 4)
    const [first] = service.records(STREAM)
    assert.equal(first && 'PartitionKey' in first.record, false)
    const summary = await service.describeStreamSummary({ StreamName: STREAM })
    assert.equal(summary.StreamDescriptionSummary.RecordDistributionStrategy, 'AUTO')
  })

  it('refuses an order wish, and provisioned streams', async () => {
    const service = new ClockedService()
    const auto = { RecordDistributionStrategy: 'AUTO' } as const
    await assert.rejects(
      service.createStream({ StreamName: STREAM, ShardCount: 1, ...auto }),
      kind('invalid'),
    )
    await service.createStream({
      StreamName: STREAM,
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      ...auto,
    })
    await assert.rejects(
      service.putRecord({ StreamName: STREAM, ...entryOf('x'), SequenceNumberForOrdering: '1' }),
      kind('invalid'),
    )
  })
})
