import assert from 'node:assert/strict'
import { silentLogger } from '@millrace/core/internal'
import { SkippedRows } from '../../src/leader/skipped-rows.ts'
import type { SkippedRow } from '../../src/lease/lease-row.ts'

function watched(): {
  readonly skipped: SkippedRows
  readonly named: (string | undefined)[]
  readonly counts: number[]
} {
  const named: (string | undefined)[] = []
  const counts: number[] = []
  const skipped = new SkippedRows({
    logger: {
      ...silentLogger,
      warn: (fields) => void named.push((fields as Partial<SkippedRow>).leaseKey),
    },
    metrics: {
      put: (name, value, unit) => {
        assert.deepEqual([name, unit], ['SkippedLeaseRows', 'Count'])
        counts.push(value)
      },
    },
  })
  return { skipped, named, counts }
}

const rowOf = (leaseKey: string): SkippedRow => ({ kind: 'malformed', leaseKey, why: 'x' })

describe('SkippedRows', () => {
  it('counts at each look, and names each row once', () => {
    const { skipped, named, counts } = watched()
    skipped.see([])
    skipped.see([rowOf('a')])
    skipped.see([rowOf('a'), rowOf('b')])
    skipped.see([rowOf('b')])
    assert.deepEqual(named, ['a', 'b'])
    skipped.see([])
    skipped.see([])
    assert.deepEqual(counts, [1, 2, 1, 0], 'the zero once')
    skipped.see([rowOf('a')])
    assert.deepEqual(named, ['a', 'b', 'a'], 'a row that is back is news')
  })

  it('does not flood the log, whatever somebody writes into the table', () => {
    const { skipped, named } = watched()
    skipped.see(Array.from({ length: 5000 }, (_, i) => rowOf(`${i}`.padEnd(2000, 'x'))))
    assert.equal(named.length, 21)
    assert.ok(named.every((key) => key === undefined || key.length <= 128))
  })
})
