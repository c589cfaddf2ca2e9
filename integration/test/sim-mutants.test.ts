/** Mutants as they are written down: each must still change one place of the sources. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MUTANTS } from '../sim/mutants/mutants.ts'
import { SCENARIOS } from '../sim/scenarios.ts'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')

describe('MUTANTS', () => {
  it('each change one place of the sources, and change it', () => {
    const stale = MUTANTS.filter(({ file, find, replace }) => {
      const places = readFileSync(join(ROOT, file), 'utf8').split(find).length - 1
      return places !== 1 || find === replace
    })
    assert.deepEqual(
      stale.map(({ name }) => name),
      [],
    )
  })

  it('each name a scenario that there is, and few seeds of it', () => {
    const scenarios = new Set(SCENARIOS.map(({ name }) => name))
    for (const { name, scenario, seeds } of MUTANTS) {
      assert.ok(scenarios.has(scenario), `${name}: ${scenario}`)
      assert.ok(seeds >= 1 && seeds <= 12, name)
    }
  })
})
