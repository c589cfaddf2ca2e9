import assert from 'node:assert/strict'
import { aggregate } from '../../src/aggregation/aggregate.ts'
import { Deaggregator } from '../../src/aggregation/deaggregate.ts'
import type { DeaggregatedRecord } from '../../src/aggregation/deaggregated-record.ts'

const ALL = { start: 0n, end: (1n << 128n) - 1n }
const HALF = { start: 0n, end: (1n << 127n) - 1n }

function record(count: number, keys: number): { Data: Uint8Array; SequenceNumber: string } {
  const [made] = aggregate(
    Array.from({ length: count }, (_, i) => ({
      partitionKey: `some-key-${i % keys}`,
      data: Buffer.from(`data ${i}`),
      ...(i % 5 === 0 ? { explicitHashKey: String(i) } : {}),
    })),
  )
  return { Data: made?.data ?? new Uint8Array(), SequenceNumber: '7' }
}

describe('the cursor of a deaggregation', () => {
  for (const [what, given] of [
    ['an aggregate', record(50, 7)],
    ['a plain record', { Data: Buffer.from('plain'), PartitionKey: 'k', SequenceNumber: '7' }],
  ] as const) {
    for (const from of [0, 1, 20]) {
      it(`shows what iterating gives, of ${what} from ${from} on`, () => {
        for (const hashKeyRange of [undefined, ALL, HALF]) {
          const deaggregation = new Deaggregator({ hashKeyRange }).deaggregate(given)
          const shown: DeaggregatedRecord[] = []
          const cursor = deaggregation.cursor(from)
          for (;;) {
            const next = cursor.advance()
            if (next === undefined) break
            shown.push({ ...next })
          }
          assert.deepEqual(shown, [...deaggregation.from(from)])
        }
      })
    }
  }

  it('gives keys and places of one aggregate after another that share keys', () => {
    const deaggregator = new Deaggregator({ hashKeyRange: HALF })
    const fresh = (): unknown[] =>
      [...deaggregator.deaggregate(record(40, 9))].map((each) => [
        each.partitionKey,
        each.explicitHashKey,
        each.misplaced,
      ])
    const first = fresh()
    assert.deepEqual(fresh(), first)
    assert.ok(first.some((each) => (each as unknown[])[2] === true))
  })
})
