import assert from 'node:assert/strict'
import { compareExtendedSequenceNumbers, type ExtendedSequenceNumber } from '@millrace/core'
import fc from 'fast-check'
import { CheckpointTracker } from '../../src/delivery/checkpoint-tracker.ts'
import { InvalidCheckpointError } from '../../src/errors.ts'

function at(sequenceNumber: string, subSequenceNumber = 0): ExtendedSequenceNumber {
  return { sequenceNumber, subSequenceNumber }
}

function tracker(
  stored: ExtendedSequenceNumber,
  delivered?: ExtendedSequenceNumber,
): CheckpointTracker {
  const made = new CheckpointTracker('shard', stored)
  if (delivered !== undefined) made.markDelivered(delivered)
  return made
}

describe('CheckpointTracker', () => {
  it('means the last delivered record when nothing is named', () => {
    assert.deepEqual(tracker(at('5'), at('20', 3)).target(undefined), at('20', 3))
    assert.deepEqual(tracker(at('LATEST')).target(undefined), at('LATEST'))
  })

  it('takes any position from the stored to the delivered one, both included', () => {
    const made = tracker(at('9', 1), at('20', 3))
    for (const target of [at('9', 1), at('9', 2), at('10'), at('20'), at('20', 3)]) {
      assert.deepEqual(made.target(target), target)
    }
    assert.deepEqual(made.target({ sequenceNumber: '20' }), at('20', 0))
  })

  it('refuses positions outside, and what is no position of a record', () => {
    const made = tracker(at('9', 1), at('20', 3))
    const wrong: ExtendedSequenceNumber[] = [
      at('9'),
      at('8', 99),
      at('20', 4),
      at('100'),
      at('SHARD_END'),
      at('TRIM_HORIZON'),
      at('LATEST'),
      at(''),
      at('1e3'),
      at('10', -1),
      at('10', 0.5),
      at(10 as unknown as string),
    ]
    for (const target of wrong) {
      assert.throws(() => made.target(target), InvalidCheckpointError, JSON.stringify(target))
    }
  })

  it('lets SHARD_END be named only once everything is done, and leaves storing it to the library', () => {
    const made = tracker(at('9'), at('20'))
    made.markEnding()
    assert.equal(made.target(at('SHARD_END')), undefined)
  })

  it('covers every position once SHARD_END is stored (R15)', () => {
    const made = tracker(at('9'), at('20'))
    made.markStored(at('SHARD_END'))
    assert.equal(made.isEnded, true)
    assert.deepEqual(made.target(at('10')), at('10'))
    assert.equal(made.isCovered(at('20')), true)
    assert.equal(made.isCovered(at('SHARD_END')), true)
  })

  it('takes back what a failed call was given', () => {
    const made = tracker(at('TRIM_HORIZON'))
    made.withdraw()
    assert.deepEqual(made.target(undefined), at('TRIM_HORIZON'))
    made.markDone(at('5'))
    made.markDelivered(at('9', 2))
    made.withdraw()
    assert.deepEqual(made.delivered, at('5'))
    assert.throws(() => made.target(at('9')), InvalidCheckpointError)
    // The handler stored a part of the batch before it failed.
    made.markDelivered(at('9', 2))
    made.markStored(at('7'))
    made.withdraw()
    assert.deepEqual(made.delivered, at('7'))
  })

  it('never gives a target beyond what was delivered, nor a write below what is stored', () => {
    const position = fc.record({
      sequenceNumber: fc.bigInt({ min: 1n, max: 12n }).map(String),
      subSequenceNumber: fc.nat({ max: 3 }),
    })
    fc.assert(
      fc.property(position, fc.array(position), fc.array(position), (stored, works, targets) => {
        const made = tracker(stored)
        for (const work of [...works].sort(compareExtendedSequenceNumbers)) {
          if (!made.isCovered(work)) made.markDone(work)
          for (const wanted of targets) {
            try {
              const target = made.target(wanted)
              assert.ok(target !== undefined)
              assert.ok(compareExtendedSequenceNumbers(target, made.delivered) <= 0)
              if (!made.isCovered(target)) {
                assert.ok(compareExtendedSequenceNumbers(target, made.stored) > 0)
                made.markStored(target)
              }
            } catch (cause) {
              assert.ok(cause instanceof InvalidCheckpointError)
            }
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})
