import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import fc from 'fast-check'
import {
  type MetricsStanding,
  metricsAttributes,
  readWorkerMetrics,
} from '../../src/lease/worker-metrics-values.ts'
import { goldenItems } from './golden.ts'

function maps(
  sts: Readonly<Record<string, readonly number[]>>,
  opr: Readonly<Record<string, readonly number[]>>,
): dynamo.Item {
  const attribute = (
    lists: Readonly<Record<string, readonly number[]>>,
  ): dynamo.AttributeValue => ({
    M: Object.fromEntries(
      Object.entries(lists).map(([name, values]) => [
        name,
        { L: values.map((value) => ({ N: String(value) })) },
      ]),
    ),
  })
  return { sts: attribute(sts), opr: attribute(opr) }
}

describe('readWorkerMetrics', () => {
  it('reads what KCL measured, oldest first', () => {
    const rows = ['w1', 'w2'].map((id) =>
      goldenItems('goldendirect.json', 'cpu-metrics').find((item) => item['leaseKey']?.S === id),
    )
    for (const row of rows) {
      assert.ok(row !== undefined)
      const { standing, averages, limits } = readWorkerMetrics(row)
      const recorded = row['sts']?.M?.['C']?.L?.map(({ N }) => Number(N)) ?? []
      assert.ok(recorded.length > 0)
      assert.deepEqual([...averages], [['C', recorded]])
      assert.deepEqual([...limits], [['C', 100]])
      assert.equal(standing, 'measured')
    }
  })

  const standings: readonly (readonly [string, dynamo.Item, MetricsStanding])[] = [
    ['empty maps', maps({}, {}), 'default'],
    ['no maps', {}, 'default'],
    ["KCL's own name of no metrics", maps({ THROUGHPUT: [1] }, {}), 'default'],
    ['one metric', maps({ C: [1, 2] }, { C: [100] }), 'measured'],
    ['a failure that has passed', maps({ C: [-1, 2] }, { C: [100] }), 'measured'],
    ['a failure now', maps({ C: [2, -1] }, { C: [100] }), 'failing'],
    ['one metric of two failing', maps({ C: [2], M: [-1] }, { C: [100], M: [90] }), 'failing'],
    ['a limit that no metric has', maps({ C: [2] }, { C: [100], M: [90] }), 'measured'],
    ['a metric without limit', maps({ C: [2], M: [3] }, { C: [100] }), 'invalid'],
    ['a limit of nothing', maps({ C: [2] }, { C: [0] }), 'invalid'],
    ['an empty limit', maps({ C: [2] }, { C: [] }), 'invalid'],
    ['a metric without values', maps({ C: [] }, { C: [100] }), 'invalid'],
    ['limits only', maps({}, { C: [100] }), 'invalid'],
    ['text for numbers', { sts: { M: { C: { L: [{ S: '5' }] } } } }, 'invalid'],
    ['words for numbers', { sts: { M: { C: { L: [{ N: 'much' }] } } } }, 'invalid'],
    ['an empty number', { sts: { M: { C: { L: [{ N: '' }] } } } }, 'invalid'],
    ['a number for a list', { sts: { M: { C: { N: '5' } } } }, 'invalid'],
    ['a list for a map', { sts: { L: [] } }, 'invalid'],
  ]
  for (const [what, row, standing] of standings) {
    it(`calls a row with ${what} ${standing}`, () => {
      assert.equal(readWorkerMetrics(row).standing, standing)
    })
  }

  it('never throws and never reads what is not a number', () => {
    const attribute = fc.oneof(
      fc.anything(),
      fc.record({ M: fc.anything() }),
      fc.record({
        M: fc.dictionary(
          fc.oneof(fc.constantFrom('C', '__proto__', 'constructor'), fc.string()),
          fc.record({ L: fc.array(fc.oneof(fc.anything(), fc.record({ N: fc.string() }))) }),
        ),
      }),
    )
    fc.assert(
      fc.property(attribute, attribute, (sts, opr) => {
        const metrics = readWorkerMetrics({ sts, opr } as dynamo.Item)
        for (const value of [...metrics.averages.values(), [...metrics.limits.values()]].flat()) {
          assert.ok(Number.isFinite(value))
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('metricsAttributes', () => {
  it('makes nothing but rows that a leader takes', () => {
    const average = fc.oneof(fc.constant(-1), fc.double({ min: 0, max: 100, noNaN: true }))
    fc.assert(
      fc.property(fc.array(average, { maxLength: 10 }), (averages) => {
        const { standing, averages: read } = readWorkerMetrics(metricsAttributes(averages))
        const last = averages.at(-1)
        const expected = last === undefined ? 'default' : last === -1 ? 'failing' : 'measured'
        assert.equal(standing, expected)
        assert.deepEqual(
          read.get('C') ?? [],
          averages.map((value) => value + 0),
        )
      }),
    )
  })
})
