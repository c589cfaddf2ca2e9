import assert from 'node:assert/strict'
import { judgeTenant } from '../../src/lease-table/table-tenant.ts'

describe('judgeTenant', () => {
  const cases: readonly (readonly [number, number, number, boolean, string])[] = [
    [0, 0, 0, false, 'ours'],
    [0, 0, 0, true, 'ours'],
    [3, 0, 0, true, 'ours'],
    [3, 0, 0, false, 'older'],
    [0, 0, 2, false, 'older'],
    [0, 0, 2, true, 'ours'],
    [0, 5, 0, true, 'many-streams'],
    [0, 5, 0, false, 'many-streams'],
    [0, 5, 2, true, 'many-streams'],
    // Ours are not begun anew, the others are left alone.
    [1, 5, 0, true, 'ours'],
    [1, 5, 0, false, 'older'],
  ]
  for (const [single, multi, malformed, founded, verdict] of cases) {
    const state = founded ? 'founded' : 'without a migration row'
    it(`${single} of one stream, ${multi} of many, ${malformed} malformed, ${state}: ${verdict}`, () => {
      assert.equal(judgeTenant({ single, multi, malformed }, founded), verdict)
    })
  }
})
