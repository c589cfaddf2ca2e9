import assert from 'node:assert/strict'
import { InvalidOptionError, InvalidStreamModelError } from '@millrace/core'
import type { InitialPosition } from '../../src/options.ts'
import { afterRecord, deliveredBefore, startOfTenure } from '../../src/retrieval/start-position.ts'
import { leaseAt } from '../shard-fixture.ts'

const atTimestamp = new Date(5000)

describe('startOfTenure', () => {
  const cases: [string, number | undefined, InitialPosition, object][] = [
    [
      '123',
      undefined,
      'LATEST',
      { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: '123' },
    ],
    [
      '123',
      77,
      'LATEST',
      { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: '123' },
    ],
    ['TRIM_HORIZON', undefined, 'LATEST', { ShardIteratorType: 'TRIM_HORIZON' }],
    ['LATEST', undefined, 'TRIM_HORIZON', { ShardIteratorType: 'LATEST' }],
    ['LATEST', 77, 'LATEST', { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(77) }],
    [
      'AT_TIMESTAMP',
      undefined,
      { atTimestamp },
      { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: atTimestamp },
    ],
  ]
  for (const [stored, startTimestampMs, initialPosition, expected] of cases) {
    it(`reads a lease at ${stored}${startTimestampMs === undefined ? '' : ' with a start'} from the right place`, () => {
      assert.deepEqual(
        startOfTenure(leaseAt(stored, { startTimestampMs }), initialPosition),
        expected,
      )
    })
  }

  it('refuses a lease at AT_TIMESTAMP when the time is no longer configured', () => {
    assert.throws(() => startOfTenure(leaseAt('AT_TIMESTAMP'), 'LATEST'), InvalidOptionError)
  })

  it('refuses to read what is no position', () => {
    for (const stored of ['SHARD_END', '', '12x']) {
      assert.throws(() => startOfTenure(leaseAt(stored), 'LATEST'), InvalidStreamModelError)
    }
  })
})

describe('afterRecord', () => {
  it('asks for what follows, not for the record again (R08)', () => {
    assert.equal(afterRecord('9').ShardIteratorType, 'AFTER_SEQUENCE_NUMBER')
  })
})

describe('deliveredBefore', () => {
  it('is the stored number, and nothing for a sentinel', () => {
    const at = { sequenceNumber: '123', subSequenceNumber: 4 }
    assert.deepEqual(deliveredBefore(at), at)
    for (const sequenceNumber of ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP']) {
      assert.equal(deliveredBefore({ sequenceNumber, subSequenceNumber: 0 }), undefined)
    }
  })
})
