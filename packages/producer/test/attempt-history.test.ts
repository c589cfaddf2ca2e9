import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addAttempt, attemptsIn } from '../src/attempt-history.ts'
import type { Attempt } from '../src/user-record.ts'

function history(count: number): Attempt[] {
  const attempts: Attempt[] = []
  for (let i = 1; i <= count; i++) {
    addAttempt(attempts, { delayMs: i, durationMs: 2, error: { code: `E${i}`, message: '' } })
  }
  return attempts
}

describe('addAttempt', () => {
  it('keeps every attempt while there are few', () => {
    const attempts = history(21)
    assert.equal(attempts.length, 21)
    assert.ok(attempts.every(({ folded }) => folded === undefined))
  })

  it('keeps the first ten and the last ten, and folds those between into one entry', () => {
    const attempts = history(100)
    assert.deepEqual(
      attempts.map(({ error }) => error?.code),
      [
        ...Array.from({ length: 10 }, (_, i) => `E${i + 1}`),
        'E90',
        ...Array.from({ length: 10 }, (_, i) => `E${i + 91}`),
      ],
    )
    assert.equal(attempts[10]?.folded, 80)
  })

  it('loses neither a count nor a millisecond', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (count) => {
        const attempts = history(count)
        assert.equal(attemptsIn(attempts), count)
        const sumMs = attempts.reduce((sum, a) => sum + a.delayMs + a.durationMs, 0)
        assert.equal(sumMs, (count * (count + 1)) / 2 + 2 * count)
      }),
    ))
})

describe('attemptsIn', () => {
  it('is 0 before the first', () => {
    assert.equal(attemptsIn(undefined), 0)
  })
})
