import assert from 'node:assert/strict'
import type { KinesisRecord } from '@millrace/core/internal'
import { ReadPosition } from '../../src/retrieval/read-position.ts'
import { leaseAt } from '../shard-fixture.ts'

const DAY_MS = 86_400_000

function record(SequenceNumber: string, arrivalMs: number): KinesisRecord {
  return {
    ...{ SequenceNumber, Data: new Uint8Array(1), PartitionKey: 'k' },
    ApproximateArrivalTimestamp: new Date(arrivalMs),
  }
}

function at(number: string): object {
  return { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: number }
}

function after(number: string): object {
  return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: number }
}

describe('ReadPosition', () => {
  it('starts at the stored number, each time until a record has come, then behind the last', () => {
    const position = new ReadPosition(leaseAt('100'), 'LATEST')
    assert.deepEqual(position.nextStart(0), at('100'))
    position.accept([])
    assert.deepEqual(position.nextStart(0), at('100'))
    assert.equal(position.isAtStored, true)
    position.accept([record('100', 5), record('101', 6)])
    assert.deepEqual(position.nextStart(7), after('101'))
    assert.equal(position.isAtStored, false)
  })

  it('says what retention has taken when the stored record does not come first', () => {
    const position = new ReadPosition(leaseAt('99'), 'LATEST')
    position.nextStart(0)
    assert.equal(position.accept([]), undefined)
    assert.deepEqual(position.accept([record('150', 500), record('151', 600)]), {
      after: '99',
      afterArrivalMs: undefined,
      resumedAt: '150',
      resumedArrivalMs: 500,
    })
    assert.equal(position.accept([record('160', 700)]), undefined, 'once')
    for (const sentinel of ['TRIM_HORIZON', 'LATEST']) {
      const fresh = new ReadPosition(leaseAt(sentinel), 'LATEST')
      fresh.nextStart(0)
      assert.equal(fresh.accept([record('150', 500)]), undefined, sentinel)
    }
  })

  it('looks for its last record again when that may be gone, and knows how much is missed', () => {
    const position = new ReadPosition(leaseAt('TRIM_HORIZON'), 'LATEST')
    position.nextStart(0)
    position.accept([record('10', 1000)])
    assert.deepEqual(position.nextStart(1000 + DAY_MS - 1), after('10'))
    assert.deepEqual(position.nextStart(1000 + DAY_MS), at('10'))
    assert.equal(position.accept([record('10', 1000), record('11', 2000)]), undefined)
    position.nextStart(2000 + DAY_MS)
    const missed = position.accept([record('40', 9000)])
    assert.deepEqual(missed, {
      after: '11',
      afterArrivalMs: 2000,
      resumedAt: '40',
      resumedArrivalMs: 9000,
    })
  })

  it('begins at the oldest record once its number is known to be of another shard', () => {
    const position = new ReadPosition(leaseAt('100'), 'LATEST')
    position.nextStart(0)
    position.markForeign()
    assert.deepEqual(position.nextStart(0), { ShardIteratorType: 'TRIM_HORIZON' })
    assert.equal(position.accept([record('500', 1)]), undefined)
    assert.deepEqual(position.nextStart(2), after('500'))
  })
})
