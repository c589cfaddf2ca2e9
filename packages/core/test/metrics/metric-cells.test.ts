import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CELLS, emptyCells, MetricCells } from '../../src/metrics/metric-cells.ts'

interface Totals {
  count: number
  sum: number
  min: number
  max: number
}

function noTotals(): Totals {
  return { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
}

function totals(cells: MetricCells, metric: number, fromSlot?: number): Totals {
  const sums = emptyCells(3)
  cells.addTo(sums, 0, fromSlot)
  const [count = 0, sum = 0, min = 0, max = 0] = sums.subarray(metric * CELLS)
  return { count, sum, min, max }
}

const VALUES = fc.array(
  fc.record({
    /** Slots since the value before. */
    pause: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 })),
    metric: fc.integer({ min: 0, max: 2 }),
    value: fc.integer({ min: -1000, max: 1000 }),
    rests: fc.boolean(),
  }),
  { maxLength: 60 },
)

describe('MetricCells', () => {
  it('tells what a plain list of all values tells, as a whole and for each window', () => {
    fc.assert(
      fc.property(VALUES, fc.integer({ min: 0, max: 12 }), (values, window) => {
        const cells = new MetricCells(3)
        const all: { slot: number; metric: number; value: number }[] = []
        let slot = 7
        for (const { pause, metric, value, rests } of values) {
          slot += pause
          if (rests) cells.rest(slot)
          cells.add(slot, metric, value)
          all.push({ slot, metric, value })
        }
        for (const fromSlot of [undefined, slot - window]) {
          for (let metric = 0; metric < 3; metric++) {
            const expected = noTotals()
            for (const { value } of all.filter(
              (noted) => noted.metric === metric && noted.slot >= (fromSlot ?? 0),
            )) {
              expected.count++
              expected.sum += value
              expected.min = Math.min(expected.min, value)
              expected.max = Math.max(expected.max, value)
            }
            assert.deepEqual(totals(cells, metric, fromSlot), expected)
          }
        }
      }),
    )
  })

  it('notes many values at once', () => {
    const cells = new MetricCells(1)
    cells.addRun(3, 0, 25, 125, 4, 6)
    assert.deepEqual(totals(cells, 0), { count: 25, sum: 125, min: 4, max: 6 })
  })

  it('shows nothing of a window that it has outlived', () => {
    const cells = new MetricCells(1)
    cells.add(3, 0, 5)
    assert.equal(totals(cells, 0, 4).count, 0)
    assert.equal(totals(cells, 0, 3).count, 1)
  })

  it('takes over the sums of one with fewer metrics', () => {
    const wide = new MetricCells(2)
    const narrow = new MetricCells(1)
    wide.add(1, 0, 1)
    wide.add(1, 1, 7)
    narrow.add(1, 0, 2)
    narrow.add(20, 0, 9)
    wide.absorb(narrow)
    assert.deepEqual(totals(wide, 0), { count: 3, sum: 12, min: 1, max: 9 })
    assert.deepEqual(totals(wide, 1), { count: 1, sum: 7, min: 7, max: 7 })
  })
})
