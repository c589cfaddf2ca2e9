/** Every row of reliability.md 1.4 has a scenario, or says what it waits for. */
import assert from 'node:assert/strict'
import { REGRESSIONS } from '../sim/regressions/regressions.ts'
import { PLANNED, regressionIds, WAITING } from '../sim/regressions/waiting.ts'
import { SCENARIOS } from '../sim/scenarios.ts'
import { summaryOf } from '../sim/summary.ts'
import { tellOf } from '../sim/tell-summary.ts'

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

describe('summaryOf and tellOf', () => {
  const history = (scenario: string): Parameters<typeof summaryOf>[0][number] => ({
    ...{ scenario, seed: 1, traceHash: 'a', virtualMs: 1, counts: {}, violations: [], bounds: [] },
  })

  it('name the regressions that ran, and what each of the others waits for', () => {
    const summary = summaryOf([history('R44'), history('fleet'), history('R18'), history('R18')])
    const { run, waiting } = summary.regressions
    assert.deepEqual(run, ['R18', 'R44'])
    assert.equal(Object.keys(waiting).length, WAITING.length)
    assert.match(waiting['R09'] ?? '', /^the issue after 6: /)
    const told = tellOf(summary, 1)
    assert.match(told, /regressions run: R18 R44\n/)
    for (const { id } of WAITING) assert.match(told, new RegExp(`\\b${id}\\b.* wait for `))
  })
})
