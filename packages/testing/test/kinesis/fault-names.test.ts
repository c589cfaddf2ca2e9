import assert from 'node:assert/strict'
import { InvalidOptionError } from '@millrace/core'
import { SimulatedKinesis, startLocalKinesis } from '@millrace/testing'

function meant(name: string): (cause: unknown) => boolean {
  return (cause) => {
    assert.ok(cause instanceof InvalidOptionError)
    assert.match(cause.hint, new RegExp(`Did you mean "${name}"`))
    return true
  }
}

describe('names that are spelt wrong', () => {
  it('are refused in a fault, which would never be met', () => {
    const kinesis = new SimulatedKinesis()
    const fault = { operation: 'getRecords', kind: 'throttle' } as const
    assert.throws(
      () => kinesis.injectFault({ ...fault, operation: 'getRecord_' as never }),
      meant('getRecords'),
    )
    assert.throws(
      () => kinesis.injectFault({ ...fault, kind: 'throttel' as never }),
      meant('throttle'),
    )
  })

  it('are refused by startLocalKinesis with the nearest of all its options', async () => {
    await assert.rejects(startLocalKinesis({ prot: 1 } as never), meant('port'))
    await assert.rejects(startLocalKinesis({ limit: false } as never), meant('limits'))
  })
})
