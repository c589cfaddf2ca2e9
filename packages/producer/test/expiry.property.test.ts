import assert from 'node:assert/strict'
import type { kinesis } from '@millrace/core'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { UserRecordFailedError } from '@millrace/producer'
import fc from 'fast-check'
import { withProducer } from './virtual-producer.ts'

const SCRIPTS = Number(process.env['MILLRACE_SCRIPTS'] ?? 150)
const RECORD_TTL_MS = 300
/** A turn, and the whole milliseconds that the pipeline reckons in. */
const SLACK_MS = 2

const refused: kinesis.PutRecordsResultEntry = { ErrorCode: 'InternalFailure' }
const stored: kinesis.PutRecordsResultEntry = {
  ShardId: 'shardId-000000000000',
  SequenceNumber: '1',
}

/** What waits when its time is up ends then; only an attempt on its way may take longer. */
function assertEndedInTime(error: unknown, ageMs: number): void {
  assert.ok(error instanceof UserRecordFailedError)
  const { attempts } = error
  if (attempts.at(-1)?.error?.code !== 'Expired') return
  let lastEndMs = 0
  for (const { delayMs, durationMs } of attempts.slice(0, -1)) {
    assert.ok(lastEndMs + delayMs <= RECORD_TTL_MS + SLACK_MS, 'sent after its time')
    lastEndMs += delayMs + durationMs
  }
  assert.ok(ageMs <= Math.max(RECORD_TTL_MS, lastEndMs) + SLACK_MS, `ended ${ageMs} ms old`)
}

describe('records that live shorter than it takes to store them', () => {
  it('end at their own age, each once, also if others are put while they do', async function () {
    this.timeout(60_000 + SCRIPTS * 100)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(0, 0, 1, 2, 5, 20, 130), { minLength: 20, maxLength: 200 }),
        fc.infiniteStream(fc.nat(99)),
        fc.record({
          refusedPercent: fc.constantFrom(50, 90, 100),
          latestMs: fc.constantFrom(0, 20, 250),
          rateLimitPercent: fc.constantFrom(1, 150),
          recordMaxBufferedTimeMs: fc.constantFrom(10, 50, 100),
          aggregation: fc.record({ maxRecords: fc.constantFrom(4, 10, 1000) }),
          isDestroyed: fc.boolean(),
        }),
        async (pausesMs, draws, script) => {
          const { refusedPercent, latestMs, isDestroyed, ...options } = script
          const draw = (): number => draws.next().value as number
          const random = { next: () => draw() / 100, uuid: () => '' }
          await withProducer(
            1,
            { recordTtlMs: RECORD_TTL_MS, random, ...options },
            async ({ client, producer }) => {
              client.putInstead = async ({ Records }) => {
                await sleep((latestMs * draw()) / 100)
                const results = Records.map(() => (draw() < refusedPercent ? refused : stored))
                return { FailedRecordCount: 0, Records: results }
              }
              let isOver = false
              let pending = 0
              const put = (): void => {
                const putMs = monotonicMs()
                pending++
                const ended = (error?: unknown): void => {
                  pending--
                  if (isOver || error === undefined) return
                  assertEndedInTime(error, monotonicMs() - putMs)
                  // Into an aggregate of which some have just ended.
                  if (draw() < 20) put()
                }
                producer
                  .put({ partitionKey: 'k', data: Buffer.from('x') })
                  .then(() => ended(), ended)
              }
              for (const pauseMs of pausesMs) {
                put()
                if (pauseMs > 0) await sleep(pauseMs)
              }
              if (isDestroyed) {
                isOver = true
                producer.destroy()
              }
              for (let turns = 0; pending > 0; turns++) {
                assert.ok(turns < 10_000, `${pending} promises are left pending`)
                await sleep(1)
              }
              assert.equal(producer.outstandingRecords, 0)
              assert.equal(producer.bufferedBytes, 0)
            },
          )
        },
      ),
      { numRuns: SCRIPTS },
    )
  })
})
