import assert from 'node:assert/strict'
import { InvalidOptionError } from '@millrace/core'
import { checkWorkerId, isReservedKey } from '../../src/lease/reserved-keys.ts'

describe('checkWorkerId', () => {
  for (const id of [
    '',
    'Leader',
    'Migration3.0',
    'TableMigration3.5',
    'shardId-000000000000',
    'x'.repeat(513),
  ]) {
    it(`refuses ${JSON.stringify(id.slice(0, 20))}`, () => {
      assert.throws(() => checkWorkerId(id), InvalidOptionError)
    })
  }
  it('takes what names no other row', () => {
    for (const id of ['w1', 'leader', 'shardId-', 'host/shardId-0', 'x'.repeat(512)])
      checkWorkerId(id)
  })
})

describe('isReservedKey', () => {
  it('knows the rows that are not leases', () => {
    assert.equal(isReservedKey('Leader'), true)
    assert.equal(isReservedKey('shardId-000000000000'), false)
  })
})
