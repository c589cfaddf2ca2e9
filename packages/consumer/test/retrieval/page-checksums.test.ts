import assert from 'node:assert/strict'
import { aggregate } from '@millrace/core/aggregation'
import type { KinesisRecord } from '@millrace/core/internal'
import { PageChecksums } from '../../src/retrieval/page-checksums.ts'

const MAX_BYTES = 4000

function recordOf(data: Uint8Array, i: number): KinesisRecord {
  return {
    Data: data,
    PartitionKey: 'a',
    SequenceNumber: String(i),
    ApproximateArrivalTimestamp: new Date(0),
  }
}

function aggregateOf(bytes: number): Uint8Array {
  const data = new Uint8Array(bytes)
  const [packed] = aggregate([1, 2].map((key) => ({ partitionKey: `k${key}`, data })))
  return packed?.data as Uint8Array
}

/** Good, bad, plain and too large ones in turn, and how each is known. */
function pageOf(length: number) {
  const kinds = ['holds', 'fails', 'plain', 'holds', 'large'] as const
  const known = Array.from({ length }, (_, i) => kinds[i % kinds.length])
  const page = known.map((kind, i) => {
    if (kind === 'plain') return recordOf(new Uint8Array(100), i)
    const data = aggregateOf(kind === 'large' ? MAX_BYTES : 10 * i)
    const wrongAt = data.length - 1 - (i % 16)
    if (kind === 'fails') data[wrongAt] = (data[wrongAt] as number) ^ 1
    return recordOf(data, i)
  })
  return { page, expected: known.map((kind) => (kind?.endsWith('s') ? kind : undefined)) }
}

describe('PageChecksums', () => {
  it('knows of each aggregate of the page, but for large ones', () => {
    const checksums = new PageChecksums(MAX_BYTES)
    for (const length of [0, 1, 2, 70, 71]) {
      const { page, expected } = pageOf(length)
      checksums.load(page)
      assert.deepEqual(
        page.map((_, i) => checksums.at(i)),
        expected,
      )
    }
  })

  it('may be asked of some only', () => {
    const { page, expected } = pageOf(90)
    for (const step of [2, 7, 19, 50]) {
      const checksums = new PageChecksums(MAX_BYTES)
      checksums.load(page)
      for (let i = step; i < page.length; i += step) assert.equal(checksums.at(i), expected[i])
    }
  })

  it('knows nothing of the page before', () => {
    const checksums = new PageChecksums(MAX_BYTES)
    checksums.load([recordOf(aggregateOf(10), 0)])
    assert.equal(checksums.at(0), 'holds')
    checksums.load([recordOf(new Uint8Array(10), 1)])
    assert.equal(checksums.at(0), undefined)
  })
})
