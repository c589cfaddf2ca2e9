import assert from 'node:assert/strict'
import { kplVectors, type Vector } from '../../harness/kpl-vectors.ts'
import { EXIT } from '../../interop/exit-codes.ts'
import {
  compareVector,
  isInSample,
  judgeKplVectors,
  type SeenEntry,
} from '../../interop/kpl-vectors-verdict.ts'

function recordedEntries(vector: Vector): SeenEntry[] {
  return vector.entries.map(({ partitionKey, explicitHashKey, dataBase64 = '' }) => ({
    partitionKey,
    explicitHashKey,
    data: Buffer.from(dataBase64, 'base64'),
  }))
}

describe('the verdict on the KPL vectors', () => {
  const sample = kplVectors().filter(isInSample)
  const vector = sample.find(({ name }) => name === 'max-count-2-of-5') as Vector

  it('has a sample of most cases', () => {
    assert.ok(sample.length >= 50, `${sample.length}`)
  })

  it('holds for the recorded bytes, in any order', () => {
    const outcome = compareVector(vector, recordedEntries(vector).reverse(), 1)
    assert.equal(outcome.held, true)
    assert.equal(judgeKplVectors([outcome]).exitCode, EXIT.held)
  })

  for (const [what, change] of [
    ['one other byte', (first: SeenEntry) => ({ ...first, data: Buffer.from('another') })],
    ['another key', (first: SeenEntry) => ({ ...first, partitionKey: 'b' })],
    ['another hash key', (first: SeenEntry) => ({ ...first, explicitHashKey: '1' })],
  ] as const) {
    it(`does not hold for ${what}`, () => {
      const [first, ...rest] = recordedEntries(vector)
      const outcome = compareVector(vector, [change(first as SeenEntry), ...rest], 1)
      assert.deepEqual([outcome.sameAsRecorded, outcome.sameAsOurs], [false, false])
      assert.equal(judgeKplVectors([outcome]).exitCode, EXIT.violated)
    })
  }

  it('does not hold for an entry too few, nor for no case at all', () => {
    assert.equal(compareVector(vector, recordedEntries(vector).slice(1), 1).held, false)
    assert.equal(judgeKplVectors([]).exitCode, EXIT.violated)
  })
})
