import assert from 'node:assert/strict'
import { Acknowledgements } from '../../src/pulling/acknowledgements.ts'

function at(number: number): { sequenceNumber: string; subSequenceNumber: number } {
  return { sequenceNumber: `${number}`, subSequenceNumber: 0 }
}

describe('Acknowledgements.whenDone', () => {
  it('calls back in order, once all that was handed out before is done, and at once if it is', () => {
    const told: string[] = []
    const all = new Acknowledgements({
      onDone: ({ sequenceNumber }, records) => told.push(`${sequenceNumber} ${records}`),
      abandoned: new AbortController().signal,
      maxOutstanding: 10,
    })
    all.whenDone(() => told.push('nothing'))
    const [first, second] = [all.open(at(1)), all.open(at(2))]
    all.whenDone(() => told.push('page 1'))
    // What is passed over behind it must not take its callback along.
    all.passOver(at(3))
    const fourth = all.open(at(4))
    all.passOver(at(5))
    all.whenDone(() => told.push('page 2'))
    fourth.give()
    second.give()
    assert.deepEqual(told, ['nothing'])
    first.give()
    assert.deepEqual(told, ['nothing', 'page 1', 'page 2', '5 3'])
  })
})
