import assert from 'node:assert/strict'
import type { Plant } from '../lint-proofs/plants.ts'
import { failedProofs } from '../lint-proofs/verdict.ts'

const PLANT: Plant = {
  name: 'a timer',
  path: 'packages/core/src/plant-1.ts',
  source: 'setTimeout(() => {}, 1)',
  linter: 'oxlint',
  rule: 'no-restricted-globals',
}
const FINDING = {
  linter: 'oxlint',
  path: PLANT.path,
  text: 'eslint(no-restricted-globals): no',
} as const

describe('failedProofs', () => {
  it('is content when the right linter refuses the right file with the right rule', () => {
    assert.deepEqual(failedProofs([PLANT], [], [FINDING]), [])
    assert.deepEqual(failedProofs([PLANT], [], [{ ...FINDING, path: `./${PLANT.path}` }]), [])
  })

  it('names a plant that was refused elsewhere, by another linter, or by another rule only', () => {
    for (const change of [
      { path: 'packages/core/src/plant-11.ts' },
      { linter: 'biome' },
      { text: 'eslint(no-undef): no' },
    ] as const) {
      const failures = failedProofs([PLANT], [], [{ ...FINDING, ...change }])
      assert.equal(failures.length, 1)
      assert.match(failures[0] ?? '', /not refused: a timer/)
    }
  })

  it('names an allowed file that was refused', () => {
    const failures = failedProofs([], [PLANT.path], [FINDING])
    assert.equal(failures.length, 1)
    assert.match(failures[0] ?? '', /refused without reason/)
  })
})
