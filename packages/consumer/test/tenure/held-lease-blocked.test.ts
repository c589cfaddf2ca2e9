import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import type { VirtualTime } from '@millrace/testing'
import { LeaseLostError } from '../../src/errors.ts'
import type { HeldLease } from '../../src/tenure/held-lease.ts'
import { position } from '../lease/leases.ts'
import { BELIEF, F, holding } from './held-lease-fixture.ts'

type Busy = (forMs: number) => Promise<void>

/** Runs it as a process with an event loop that can be kept busy. */
function inProcess(time: VirtualTime, body: (busy: Busy) => Promise<void>): Promise<void> {
  const { scheduler } = time
  const me = scheduler.createProcess('me', 'me')
  const busy: Busy = (forMs) =>
    new Promise((resolve) => {
      scheduler.block(me, forMs, resolve)
    })
  return new Promise((resolve, reject) => {
    scheduler.startIn(me, () => void body(busy).then(resolve, reject))
  })
}

/** What may run first when the loop goes on. */
const FIRST: readonly (readonly [string, (held: HeldLease) => Promise<void>])[] = [
  ['the renewal that is overdue', () => sleep(100)],
  ['a checkpoint', (held) => assert.rejects(held.checkpoint(position(200)), LeaseLostError)],
  [
    'a prepared checkpoint',
    (held) => assert.rejects(held.prepareCheckpoint(position(200), undefined), LeaseLostError),
  ],
  [
    'where a tenure at LATEST begins',
    (held) => assert.rejects(held.recordStartTimestamp(1), LeaseLostError),
  ],
  ['a hand-over', (held) => held.handOver('you')],
]

describe('HeldLease: after an event loop that was blocked until belief was over', () => {
  for (const [what, act] of FIRST) {
    it(`writes nothing, though ${what} comes first`, () => {
      let writes = 0
      return holding(
        (bench) =>
          inProcess(bench.time, async (busy) => {
            await bench.held.begin()
            const row = await bench.row()
            await sleep(100)
            writes = 0
            await busy(BELIEF)
            assert.equal(bench.held.believes(), false)
            await act(bench.held)
            await sleep(1)
            assert.equal(bench.held.signal.aborted, true)
            assert.deepEqual(
              bench.ends.map(({ reason }) => reason),
              ['expired'],
            )
            await sleep(2 * F)
            assert.equal(writes, 0)
            assert.deepEqual(await bench.row(), row)
          }),
        { onWrite: () => writes++ },
      )
    })
  }

  for (const first of ['somebody asks whether it believes', 'the answer to a renewal'] as const) {
    it(`is over for good, though a renewal in flight has landed and ${first} comes first`, () =>
      holding((bench) =>
        inProcess(bench.time, async (busy) => {
          await bench.held.begin()
          const delay = { operation: 'updateItem', kind: 'delay', delayed: 'reply' } as const
          bench.dynamo.injectFault({ ...delay, delayMs: 500 })
          // The renewal is on its way, and lands while the loop is blocked.
          await sleep(F / 3 + 1)
          await busy(BELIEF - F / 3 + 100)
          if (first === 'somebody asks whether it believes') {
            assert.equal(bench.held.believes(), false)
          }
          await sleep(1)
          assert.equal((await bench.row()).leaseCounter, 43)
          assert.equal(bench.held.believes(), false)
          assert.equal(bench.held.signal.aborted, true)
          assert.deepEqual(
            bench.ends.map(({ reason }) => reason),
            ['expired'],
          )
          await sleep(2 * F)
          assert.equal((await bench.row()).leaseCounter, 43)
        }),
      ))
  }

  it('ends at the moment when it first says that it does not believe', () =>
    holding((bench) =>
      inProcess(bench.time, async (busy) => {
        await bench.held.begin()
        await busy(BELIEF)
        assert.equal(bench.held.ended, undefined)
        assert.equal(bench.held.believes(), false)
        assert.equal(bench.held.ended, 'expired')
        assert.equal(bench.held.signal.aborted, true)
      }),
    ))

  it('goes on when it was blocked for less', () =>
    holding((bench) =>
      inProcess(bench.time, async (busy) => {
        await bench.held.begin()
        await busy(BELIEF - 100)
        await bench.held.checkpoint(position(200))
        await sleep(F)
        assert.equal(bench.held.believes(), true)
        assert.deepEqual(bench.ends, [])
      }),
    ))
})
