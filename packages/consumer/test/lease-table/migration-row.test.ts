import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import { judgeMigrationRow, migrationWrite } from '../../src/lease-table/migration-row.ts'
import { goldenItem, goldenRequests } from '../lease/golden.ts'

describe('judgeMigrationRow', () => {
  const cases: readonly (readonly [string, 'run' | 'refuse'])[] = [
    ['CLIENT_VERSION_3X', 'run'],
    ['CLIENT_VERSION_3X_WITH_ROLLBACK', 'run'],
    ['CLIENT_VERSION_2X', 'refuse'],
    ['CLIENT_VERSION_UPGRADE_FROM_2X', 'refuse'],
    ['CLIENT_VERSION_4X', 'refuse'],
    ['', 'refuse'],
  ]
  for (const [cv, verdict] of cases) {
    it(`${cv || 'nothing'}: ${verdict}`, () => {
      assert.equal(judgeMigrationRow({ cv: { S: cv } }).kind, verdict)
    })
  }

  it('refuses a row without a client version', () => {
    assert.equal(judgeMigrationRow({ leaseKey: { S: 'Migration3.0' } }).kind, 'refuse')
  })

  it('judges the rows that KCL wrote on its way from 2.x', () => {
    const at = (moment: string) =>
      judgeMigrationRow(goldenItem('golden2x.json', moment, 'Migration3.0')).kind
    assert.equal(at('balanced-two-workers'), 'refuse')
    assert.equal(at('flipped'), 'run')
    assert.equal(at('restarted-3x'), 'run')
  })
})

describe('migrationWrite', () => {
  it("makes the row of KCL's first worker, times aside", () => {
    const [theirs] = goldenRequests<dynamo.PutItemInput>('create Migration3.0')
    assert.ok(theirs !== undefined)
    const ours = migrationWrite('t', 'w1', 5).Item
    assert.deepEqual(withTimes(ours), withTimes(theirs.Item))
    assert.equal(ours['mts']?.N, '5')
  })
})

/** Every mts, at whatever depth, set to 0. */
function withTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'mts' ? { N: '0' } : withTimes(inner),
    ]),
  )
}
