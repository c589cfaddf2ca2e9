import assert from 'node:assert/strict'
import { InvalidOptionError } from '@millrace/core'
import { UserRecordFailedError } from '@millrace/producer'
import { STREAM, withProducer } from './virtual-producer.ts'

const RECORD = { partitionKey: 'k', data: new Uint8Array(1) }

describe('options of single calls', () => {
  const cases: readonly (readonly [what: string, given: unknown, option: string])[] = [
    ['something else for a signal', { signal: new AbortController() }, 'signal'],
    ['a bare signal', AbortSignal.abort(), 'signal'],
    ['an unknown name', { sginal: undefined }, 'sginal'],
    ['text', 'orders', ''],
  ]
  for (const method of ['put', 'flush'] as const) {
    for (const [what, given, option] of cases) {
      it(`${method}() refuses ${what}`, () =>
        withProducer(1, {}, async ({ producer }) => {
          const options = given as { readonly signal: AbortSignal }
          await assert.rejects(
            method === 'put' ? producer.put(RECORD, options) : producer.flush(options),
            (error) => error instanceof InvalidOptionError && error.option === option,
          )
          assert.equal(producer.outstandingRecords, 0)
        }))
    }
  }
})

describe('a put() that waited when the producer was closed', () => {
  it('names its stream', () =>
    withProducer(1, { stream: undefined, maxOutstandingRecords: 1 }, async ({ producer }) => {
      const accepted = producer.put({ ...RECORD, stream: STREAM })
      const waiting = producer.put({ ...RECORD, stream: STREAM })
      producer.destroy()
      for (const put of [accepted, waiting]) {
        await assert.rejects(put, (error) => {
          assert.ok(error instanceof UserRecordFailedError)
          assert.equal(error.stream, STREAM)
          assert.match(error.message, /stream orders failed after 0 attempts: Closed: /)
          return true
        })
      }
    }))
})
