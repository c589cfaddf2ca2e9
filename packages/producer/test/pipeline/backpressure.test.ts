import assert from 'node:assert/strict'
import { Backpressure, type Gate, type WaitingPut } from '../../src/pipeline/backpressure.ts'

const LISTENER = { drained: (): void => {}, settled: (): void => {} }

function putAt(gate: () => Gate | undefined, sequence: number, admitted: number[]): WaitingPut {
  return {
    sequence,
    streamName: 'orders',
    bytes: 1,
    line: undefined,
    gate,
    admit: () => admitted.push(sequence),
    fail: () => assert.fail(),
  }
}

describe('Backpressure.oldestWaitingSequence', () => {
  const limits = { maxOutstandingRecords: 1, maxBufferedBytes: 1000, maxWaitingPuts: 10 }

  it('names the oldest of a gate also when it had waited for room before', async () => {
    const backpressure = new Backpressure(limits, LISTENER)
    const gate = { isShut: true }
    const admitted: number[] = []
    backpressure.charge(1)
    backpressure.wait(
      putAt(() => (gate.isShut ? gate : undefined), 5, admitted),
      undefined,
    )
    backpressure.wait(
      putAt(() => (gate.isShut ? gate : undefined), 9, admitted),
      gate,
    )
    backpressure.release(1, 1)
    await Promise.resolve()
    assert.equal(backpressure.oldestWaitingSequence, 5)
    gate.isShut = false
    backpressure.serveSoon()
    await Promise.resolve()
    assert.deepEqual(admitted, [5, 9])
    assert.equal(backpressure.oldestWaitingSequence, undefined)
  })

  it('names the oldest of a gate also when it came from another gate', async () => {
    const backpressure = new Backpressure(limits, LISTENER)
    const [first, second] = [{ isShut: true }, { isShut: true }]
    const admitted: number[] = []
    backpressure.wait(
      putAt(() => second, 5, admitted),
      first,
    )
    backpressure.wait(
      putAt(() => second, 9, admitted),
      second,
    )
    first.isShut = false
    backpressure.serveSoon()
    await Promise.resolve()
    assert.equal(backpressure.oldestWaitingSequence, 5)
    assert.deepEqual(admitted, [])
  })
})
