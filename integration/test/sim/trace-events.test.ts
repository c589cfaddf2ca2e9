/** What a person is told of a trace. */
import assert from 'node:assert/strict'
import { isTold, traceEvents } from '../../sim/report/trace-events.ts'

function told(...lines: string[]): [number, string | undefined, string][] {
  return traceEvents(lines).map(({ atMs, who, text }) => [atMs, who, text])
}

describe('traceEvents', () => {
  it('leaves calls, replies and their faults out', () => {
    assert.deepEqual(
      told(
        '3.000 w0-1 call #1 kinesis.describeStreamSummary {"StreamName":"s"}',
        '8.011 w0-1 apply #1',
        '9.000 w0-1 fault #1 loseReply',
        '26.193 w0-1 reply #1 ok {}',
      ),
      [],
    )
    assert.equal(isTold('8.011 w0-1 apply #1'), false)
    assert.equal(isTold('8.011 w0-1 spawn'), true)
  })

  it('puts what a write to the table means into the column of its writer', () => {
    assert.deepEqual(
      told(
        '1.500 - note assigned {"kind":"assigned","from":"w0","to":"w1","shardId":"shardId-000000000012","by":"w2"}',
        '2.500 - note leader {"kind":"leader","to":"w1","by":"w1"}',
      ),
      [
        [1.5, 'w2', 'assigns s12: w0 -> w1'],
        [2.5, 'w1', 'leader: nobody -> w1'],
      ],
    )
  })

  it('tells tenures by shard, epoch and reason', () => {
    assert.deepEqual(
      told(
        '1.000 w0 note lease-acquired {"shardId":"shardId-000000000000","epoch":4}',
        '2.000 w0 note lease-lost {"shardId":"shardId-000000000000","epoch":4,"reason":"expired"}',
      ),
      [
        [1, 'w0', 'got s0, epoch 4'],
        [2, 'w0', 'lost s0: expired'],
      ],
    )
  })

  it('adds when a paused process wakes, in order, unless it was killed before', () => {
    assert.deepEqual(
      told(
        '10.000 w0 pause 100',
        '10.000 w1 pause 100',
        '50.000 w1 kill',
        '60.000 - heal',
        '200.000 w0 exit',
      ),
      [
        [10, 'w0', 'pause 100 ms'],
        [10, 'w1', 'pause 100 ms'],
        [50, 'w1', 'kill'],
        [60, undefined, 'all faults end'],
        [110, 'w0', 'wakes'],
        [200, 'w0', 'exit'],
      ],
    )
  })

  it('marks a violation, also one of several lines', () => {
    const [event] = traceEvents(['7.000 - violation S3 it went back\nand further'])
    assert.deepEqual(event, {
      ...{ atMs: 7, who: undefined, text: 'S3 it went back\nand further', isViolation: true },
    })
  })

  it('tells a note of a kind that it does not know by its fields', () => {
    assert.deepEqual(told('7.000 - note row-lost {"shardId":"shardId-000000000003","n":2}'), [
      [7, undefined, 'row-lost s3 n=2'],
    ])
  })
})
