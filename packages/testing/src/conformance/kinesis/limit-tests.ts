/** The rates of a shard, for a door that enforces them. */
import assert from 'node:assert/strict'
import { isServiceError } from '@millrace/core'
import type { StreamTest } from './group.ts'
import { entryOf } from './stream-driver.ts'

const ONE_SHARD = { ShardCount: 1 }
const OVER_RATE = 'ProvisionedThroughputExceededException'

export function declareLimitTests(test: StreamTest): void {
  test(
    'throttles entries one by one when 2,000 records come at once',
    ONE_SHARD,
    async (stream) => {
      const requests = Array.from({ length: 4 }, (_, request) =>
        Array.from({ length: 500 }, (__, i) => entryOf(`${request}/${i}`, `k${i}`)),
      )
      const answers = await Promise.all(
        requests.map((Records) => stream.port.putRecords({ StreamName: stream.name, Records })),
      )
      const accepted: string[] = []
      for (const { Records, FailedRecordCount } of answers) {
        assert.equal(Records.length, 500)
        const failed = Records.filter((result) => result.ErrorCode !== undefined)
        assert.equal(failed.length, FailedRecordCount)
        for (const result of failed) {
          assert.equal(result.ErrorCode, OVER_RATE)
          assert.match(result.ErrorMessage ?? '', /shardId-000000000000/)
          assert.equal(result.SequenceNumber, undefined)
        }
        accepted.push(...Records.flatMap((result) => result.SequenceNumber ?? []))
      }
      assert.ok(accepted.length >= 1000, `only ${accepted.length} accepted`)
      assert.ok(accepted.length < 2000, 'none throttled')
      // Stored are those that were accepted, and no others.
      const { records } = await stream.readAll('shardId-000000000000', accepted.length)
      assert.deepEqual(
        records.map((record) => record.SequenceNumber),
        accepted.sort((a, b) => (a < b ? -1 : 1)),
      )
    },
  )

  test('throttles entries when 4 MiB come at once', ONE_SHARD, async (stream) => {
    const Records = Array.from({ length: 8 }, () => ({
      Data: new Uint8Array(512 * 1024 - 1),
      PartitionKey: 'k',
    }))
    const answer = await stream.port.putRecords({ StreamName: stream.name, Records })
    const codes = answer.Records.map((result) => result.ErrorCode)
    assert.equal(codes[0], undefined)
    assert.ok(codes.includes(OVER_RATE), 'none throttled')
  })

  test('throttles reads of a shard that come all at once', ONE_SHARD, async (stream) => {
    const ShardIterator = await stream.iterator('shardId-000000000000', 'TRIM_HORIZON')
    const reads = await Promise.allSettled(
      Array.from({ length: 20 }, () => stream.port.getRecords({ ShardIterator })),
    )
    const kinds = reads.map((read) => {
      if (read.status === 'fulfilled') return 'read'
      assert.ok(isServiceError(read.reason), String(read.reason))
      return read.reason.kind
    })
    assert.ok(kinds.filter((kind) => kind === 'read').length >= 5, kinds.join())
    assert.ok(kinds.includes('throttled'), kinds.join())
    assert.deepEqual(new Set(kinds), new Set(['read', 'throttled']))
  })
}
