/** Every row of reliability.md 1.4 has a scenario, or says what it waits for. */
import assert from 'node:assert/strict'
import { REGRESSIONS } from '../sim/regressions/regressions.ts'
import { PLANNED, regressionIds, WAITING } from '../sim/regressions/waiting.ts'
import { SCENARIOS } from '../sim/scenarios.ts'

const ALL = Array.from({ length: 70 }, (_, i) => `R${String(i + 1).padStart(2, '0')}`)

describe('the regressions of reliability.md 1.4', () => {
  it('are each in one state: a scenario, waiting or planned', () => {
    const found = [
      ...regressionIds(SCENARIOS.map(({ name }) => name)),
      ...WAITING.map(({ id }) => id),
      ...PLANNED,
    ]
    assert.deepEqual(found.sort(), ALL)
  })

  it('are called by their ids, and say in words what they are about', () => {
    const names = REGRESSIONS.map(({ name }) => name)
    assert.deepEqual(regressionIds(names), [...names].sort())
    for (const { about } of REGRESSIONS) assert.match(about, /\w+ \w+/)
  })

  it('name an issue where they wait', () => {
    for (const { waitsFor } of WAITING) assert.match(waitsFor, /issue \d: |issue after \d: /)
  })
})
