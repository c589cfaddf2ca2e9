import assert from 'node:assert/strict'
import fc from 'fast-check'
import { KeyIndex } from '../../src/aggregation/key-index.ts'

/** What a Map would answer. */
function assertNumbers(index: KeyIndex, keys: readonly string[]): void {
  const model = new Map<string, number>()
  for (const key of keys) {
    assert.equal(index.indexOf(key), model.get(key) ?? -1)
    if (model.has(key)) continue
    assert.equal(index.add(key), model.size)
    model.set(key, model.size)
  }
  assert.equal(index.size, model.size)
  for (const [key, number] of model) assert.equal(index.indexOf(key), number)
}

describe('KeyIndex', () => {
  it('numbers keys in first-seen order, as a Map would, again after clear', () => {
    const index = new KeyIndex()
    const key = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('__proto__', '10', '2', 'a'),
    )
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
        index.clear()
        assertNumbers(index, keys)
      }),
    )
  })

  it('grows', () => {
    assertNumbers(
      new KeyIndex(),
      Array.from({ length: 20_000 }, (_, i) => `key-${i % 15_000}`),
    )
  })

  it('stays right, and quick, for keys that differ only where it does not look', () => {
    const keys = Array.from(
      { length: 20_000 },
      (_, i) => `0${String(i).padStart(8, '0')}${'x'.repeat(60)}`,
    )
    const index = new KeyIndex()
    assertNumbers(index, keys)
    index.clear()
    assertNumbers(index, ['a', 'b', 'a'])
  })

  it('refuses a key that it was not asked for first', () => {
    const index = new KeyIndex()
    index.indexOf('a')
    assert.throws(() => index.add('b'), /without a failed indexOf/)
  })
})
