import assert from 'node:assert/strict'
import { isServiceError, ServiceError } from '@millrace/core'
import { type Producer, UserRecordFailedError } from '@millrace/producer'
import { putAll, withProducer } from './virtual-producer.ts'

const SHARD = 'shardId-000000000000'
const DATA = new Uint8Array(3)
const THROTTLE = { operation: 'putRecords', kind: 'throttle', shardId: SHARD, times: 1000 } as const

async function failureOf(producer: Producer): Promise<UserRecordFailedError> {
  try {
    await producer.put({ partitionKey: 'k', data: DATA })
  } catch (error) {
    assert.ok(error instanceof UserRecordFailedError)
    return error
  }
  assert.fail('was stored')
}

describe('UserRecordFailedError', () => {
  it('has the last error of the service as its cause when the record expired', () =>
    withProducer(1, { recordTtlMs: 1000 }, async ({ service, producer }) => {
      await putAll(producer, 1, 'a')
      service.injectFault(THROTTLE)
      const { cause, shardId, attempts, stream } = await failureOf(producer)
      assert.equal(attempts.at(-1)?.error?.code, 'Expired')
      assert.ok(isServiceError(cause))
      assert.equal(cause.awsName, 'ProvisionedThroughputExceededException')
      assert.equal(cause.kind, 'throttled')
      assert.equal(cause.operation, 'PutRecords')
      assert.equal(shardId, SHARD)
      assert.equal(stream, 'orders')
    }))

  it('has it when an entry is refused for good', () =>
    withProducer(1, { failIfThrottled: true }, async ({ service, producer }) => {
      await putAll(producer, 1, 'a')
      service.injectFault(THROTTLE)
      const { cause, attempts } = await failureOf(producer)
      assert.equal(attempts.length, 1)
      assert.ok(isServiceError(cause))
      assert.equal(cause.awsName, 'ProvisionedThroughputExceededException')
    }))

  it("has the client's own error as its cause when the call failed", () =>
    withProducer(1, {}, async ({ client, producer }) => {
      const denied = new ServiceError('PutRecords', 'AccessDeniedException', 'no')
      client.putInstead = () => Promise.reject(denied)
      assert.equal((await failureOf(producer)).cause, denied)
    }))

  it('hints at what kept an expired record: the shard, or the way to it', () =>
    withProducer(1, { recordTtlMs: 1000 }, async ({ service, producer }) => {
      await putAll(producer, 1, 'a')
      const throttles = service.injectFault(THROTTLE)
      assert.match((await failureOf(producer)).hint, /^The shard took no more/)
      throttles.clear()
      const error = new ServiceError('PutRecords', 'ECONNREFUSED', 'refused')
      service.injectFault({ operation: 'putRecords', kind: 'fail', error, times: 1000 })
      assert.match((await failureOf(producer)).hint, /^Check the endpoint/)
    }))

  it('has no cause, and no shard, when nothing was tried', () =>
    withProducer(1, {}, async ({ producer }) => {
      const failure = failureOf(producer)
      producer.destroy()
      const { cause, shardId, attempts } = await failure
      assert.equal(cause, undefined)
      assert.equal(shardId, undefined)
      assert.deepEqual(attempts, [])
    }))
})

describe('UserRecordResult', () => {
  it('tells shard, sequence number, place in the aggregate and attempts', () =>
    withProducer(1, {}, async ({ service, producer }) => {
      await putAll(producer, 1, 'a')
      service.injectFault({ ...THROTTLE, times: 1 })
      const results = [...(await putAll(producer, 3, 'b')).values()]
      assert.equal(new Set(results.map(({ sequenceNumber }) => sequenceNumber)).size, 1)
      assert.deepEqual(
        results.map(({ shardId, subSequenceNumber }) => [shardId, subSequenceNumber]),
        [0, 1, 2].map((i) => [SHARD, i]),
      )
      for (const { attempts } of results) {
        const codes = attempts.map(({ error }) => error?.code)
        assert.deepEqual(codes, ['ProvisionedThroughputExceededException', undefined])
      }
    }))
})
