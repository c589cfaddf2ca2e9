import assert from 'node:assert/strict'
import { NoOpLogger } from '@smithy/core/client'
import { silentSdkLogger } from '../../src/adapters/http-handler.ts'

describe('silentSdkLogger', () => {
  it('is one for which the SDK prepares nothing to be logged', () => {
    assert.ok(silentSdkLogger instanceof NoOpLogger)
  })

  it('is not what the SDK looks for by name to write to the console instead', () => {
    assert.notEqual(silentSdkLogger.constructor.name, NoOpLogger.name)
  })
})
