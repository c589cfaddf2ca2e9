import assert from 'node:assert/strict'
import { ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime, SimulatedKinesis } from '@millrace/testing'
import { clockedService, kind, SHARD_0, STREAM, textsOf } from './clocked-service.ts'

const SHARD_1 = 'shardId-000000000001'
const LOW = { Data: Buffer.from('low'), PartitionKey: 'k', ExplicitHashKey: '0' }
const HIGH = { ...LOW, ExplicitHashKey: String(1n << 127n) }

describe('SimulatedKinesis.injectFault', () => {
  it('throttles as many calls as asked, and no others', async () => {
    const service = await clockedService()
    service.injectFault({ operation: 'listShards', kind: 'throttle', times: 2 })
    await service.describeStreamSummary({ StreamName: STREAM })
    await assert.rejects(service.shardIds(), kind('throttled'))
    await assert.rejects(service.shardIds(), kind('throttled'))
    assert.equal((await service.shardIds()).length, 1)
  })

  it('goes on until it is cleared', async () => {
    const service = await clockedService()
    const { clear } = service.injectFault({
      operation: 'putRecords',
      kind: 'fail',
      times: Number.POSITIVE_INFINITY,
    })
    for (let call = 0; call < 3; call++) await assert.rejects(service.put('x'), kind('transient'))
    clear()
    await service.put('x')
    assert.equal(service.records(STREAM).length, 1)
  })

  it('fails with the error given', async () => {
    const service = await clockedService()
    const error = new ServiceError('GetShardIterator', 'KMSDisabledException', 'off')
    service.injectFault({ operation: 'getShardIterator', kind: 'fail', error })
    await assert.rejects(service.iterator('LATEST'), error)
  })

  it('fails the entries of one shard alone', async () => {
    const service = await clockedService({}, 2)
    service.injectFault({ operation: 'putRecords', kind: 'throttle', shardId: SHARD_1 })
    service.injectFault({ operation: 'putRecords', kind: 'fail', shardId: SHARD_1 })
    const put = async (): Promise<(string | undefined)[]> => {
      const output = await service.putRecords({ StreamName: STREAM, Records: [HIGH, LOW] })
      return output.Records.map((result) => result.ErrorCode ?? result.ShardId)
    }
    assert.deepEqual(await put(), ['ProvisionedThroughputExceededException', SHARD_0])
    assert.deepEqual(await put(), ['InternalFailure', SHARD_0])
    assert.deepEqual(await put(), [SHARD_1, SHARD_0])
    assert.equal(service.records(STREAM).length, 4)
  })

  it('waits for a call that touches its shard or stream', async () => {
    const service = await clockedService({}, 2)
    await service.createStream({ StreamName: 'other', ShardCount: 1 })
    service.injectFault({ operation: 'putRecords', kind: 'fail', streamName: 'other' })
    service.injectFault({ operation: 'getRecords', kind: 'fail', shardId: SHARD_1 })
    await service.put('x')
    await service.read(await service.iterator('LATEST'))
    await assert.rejects(
      service.read(await service.iterator('LATEST', { ShardId: SHARD_1 })),
      kind('transient'),
    )
    await assert.rejects(
      service.putRecords({ StreamName: 'other', Records: [LOW] }),
      kind('transient'),
    )
  })

  it('applies a call whose reply is lost', async () => {
    const service = await clockedService()
    service.injectFault({ operation: 'putRecords', kind: 'lose-reply' })
    await assert.rejects(service.put('x'), { kind: 'network', ambiguous: true })
    assert.equal(service.records(STREAM).length, 1)
  })

  it('is not met by a call that was aborted before it began', async () => {
    const service = await clockedService()
    service.injectFault({ operation: 'listShards', kind: 'fail' })
    const options = { signal: AbortSignal.abort() }
    await assert.rejects(service.listShards({ StreamName: STREAM }, options), kind('aborted'))
    await assert.rejects(service.shardIds(), kind('transient'))
  })

  it('expires the iterators issued so far, of its shard', async () => {
    const service = await clockedService({}, 2)
    const low = await service.iterator('TRIM_HORIZON')
    const high = await service.iterator('TRIM_HORIZON', { ShardId: SHARD_1 })
    const fault = service.injectFault({
      operation: 'getRecords',
      kind: 'expire-iterators',
      shardId: SHARD_0,
    })
    await assert.rejects(service.read(low), kind('expired-iterator'))
    await service.read(high)
    await service.read(await service.iterator('TRIM_HORIZON'))
    fault.clear()
    await service.read(low)
  })

  it('answers an empty page that moves nowhere although records follow', async () => {
    const service = await clockedService()
    await service.put('x')
    service.pass(70)
    service.injectFault({ operation: 'getRecords', kind: 'empty-page' })
    const empty = await service.read(await service.iterator('TRIM_HORIZON'))
    assert.deepEqual([empty.Records, empty.MillisBehindLatest], [[], 70])
    assert.deepEqual(textsOf(await service.read(empty.NextShardIterator ?? '')), ['x'])
  })

  it('answers no iterator although the shard is open', async () => {
    const service = await clockedService()
    await service.put('x')
    service.injectFault({ operation: 'getRecords', kind: 'null-iterator' })
    const page = await service.read(await service.iterator('TRIM_HORIZON'))
    assert.deepEqual(textsOf(page), ['x'])
    assert.deepEqual([page.NextShardIterator, page.ChildShards], [undefined, undefined])
  })

  it('refuses faults that could never be met', async () => {
    const service = await clockedService()
    const wrong = { name: 'InvalidOptionError' }
    assert.throws(() => service.injectFault({ operation: 'putRecords', kind: 'empty-page' }), wrong)
    assert.throws(
      () => service.injectFault({ operation: 'putRecords', kind: 'fail', times: 0 }),
      wrong,
    )
    assert.throws(
      () => service.injectFault({ operation: 'putRecords', kind: 'delay', delayMs: -1 }),
      wrong,
    )
  })
})

describe('a delay injected into SimulatedKinesis', () => {
  const delayed = async (
    delay: { readonly delayed?: 'reply' | 'request'; readonly delayMs: number },
    body: (service: SimulatedKinesis, elapsedMs: () => number) => Promise<void>,
  ): Promise<void> => {
    await runInVirtualTime(async (time) => {
      const service = new SimulatedKinesis()
      await service.createStream({ StreamName: STREAM, ShardCount: 1 })
      service.injectFault({ operation: 'putRecords', kind: 'delay', ...delay })
      await body(service, () => time.elapsedMs())
    })
  }
  const input = { StreamName: STREAM, Records: [LOW] }

  it('holds the reply back, the record being stored at once', async () => {
    await delayed({ delayMs: 300 }, async (service, elapsedMs) => {
      const put = service.putRecords(input)
      await sleep(1)
      assert.equal(service.records(STREAM).length, 1)
      assert.equal((await put).FailedRecordCount, 0)
      assert.equal(elapsedMs(), 300)
    })
  })

  it('holds the request back, and stores it though the caller gave up', async () => {
    await delayed({ delayMs: 300, delayed: 'request' }, async (service, elapsedMs) => {
      await assert.rejects(service.putRecords(input, { timeoutMs: 100 }), kind('network'))
      assert.equal(elapsedMs(), 100)
      assert.equal(service.records(STREAM).length, 0)
      await sleep(201)
      assert.equal(service.records(STREAM).length, 1)
    })
  })

  it('never answers when endless, and lets the caller abort', async () => {
    await delayed({ delayMs: Number.POSITIVE_INFINITY }, async (service, elapsedMs) => {
      const controller = new AbortController()
      const put = service.putRecords(input, { signal: controller.signal, timeoutMs: 60_000 })
      const rejected = assert.rejects(put, kind('aborted'))
      await sleep(50)
      controller.abort()
      await rejected
      assert.equal(elapsedMs(), 50)
    })
  })
})
