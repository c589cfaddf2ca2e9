import assert from 'node:assert/strict'
import type { ServiceErrorKind } from '@millrace/core'
import { backoffMs, decideRetry } from '../../src/pipeline/retry-decision.ts'

const retried: readonly ServiceErrorKind[] = [
  'throttled',
  'transient',
  'network',
  'aborted',
  'expired-credentials',
  'limit',
  'in-use',
  'unknown',
]
const failed: readonly ServiceErrorKind[] = ['denied', 'missing', 'invalid']

describe('decideRetry', () => {
  it('tries again what may pass, and nothing that will not', () => {
    for (const kind of retried) {
      assert.equal(decideRetry({ kind, code: 'X', attempt: 50 }, false, 0).retry, true, kind)
    }
    for (const kind of failed) {
      assert.equal(decideRetry({ kind, code: 'X', attempt: 1 }, false, 0).retry, false, kind)
    }
  })

  it('tries a key that cannot be used once more', () => {
    const kms = { kind: 'kms', code: 'KMSDisabledException' } as const
    assert.equal(decideRetry({ ...kms, attempt: 1 }, false, 0).retry, true)
    assert.equal(decideRetry({ ...kms, attempt: 2 }, false, 0).retry, false)
  })

  it('fails on throttling if asked to, and on nothing else for that', () => {
    const throttled = { kind: 'throttled', code: 'X', attempt: 1 } as const
    assert.equal(decideRetry(throttled, true, 0).retry, false)
    assert.equal(decideRetry({ ...throttled, kind: 'network' }, true, 0).retry, true)
  })

  it('gives a credential provider a few tries', () => {
    const denied = { kind: 'denied', code: 'CredentialsProviderError' } as const
    assert.equal(decideRetry({ ...denied, attempt: 3 }, false, 0).retry, true)
    assert.equal(decideRetry({ ...denied, attempt: 4 }, false, 0).retry, false)
  })
})

describe('backoffMs', () => {
  it('is anywhere between 0 and a bound that doubles up to 5 s', () => {
    assert.equal(backoffMs(1, 0), 0)
    assert.deepEqual(
      [1, 2, 3, 6, 7, 1000].map((attempt) => backoffMs(attempt, 0.999_999_9)),
      [99, 199, 399, 3199, 4999, 4999],
    )
  })
})
