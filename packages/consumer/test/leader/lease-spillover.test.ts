import assert from 'node:assert/strict'
import { silentLogger } from '@millrace/core/internal'
import { LeaseSpillover } from '../../src/leader/lease-spillover.ts'

describe('LeaseSpillover', () => {
  it('counts at each look, and warns when the number changes', () => {
    const warned: unknown[] = []
    const counted: (readonly unknown[])[] = []
    const spillover = new LeaseSpillover({
      logger: { ...silentLogger, warn: (fields) => void warned.push(fields) },
      metrics: { put: (...put) => void counted.push(put.slice(0, 3)) },
    })
    for (const unplaced of [0, 3, 3, 3, 5, 0, 0, 5]) spillover.see(unplaced)
    assert.deepEqual(warned, [{ leases: 3 }, { leases: 5 }, { leases: 5 }])
    assert.deepEqual(
      counted,
      [3, 3, 3, 5, 0, 5].map((count) => ['LeaseSpillover', count, 'Count']),
    )
  })
})
