import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime, type VirtualTime } from '@millrace/testing'
import { PeriodicLoop } from '../../src/worker/periodic-loop.ts'

const BUG = new TypeError('not a function')

interface Watched {
  readonly loop: PeriodicLoop
  readonly starts: number[]
  readonly errors: unknown[]
  readonly overlaps: () => number
}

function watched(
  time: VirtualTime,
  step: { readonly takesMs: number; readonly fails?: boolean; readonly everyMs?: () => number },
): Watched {
  const starts: number[] = []
  const errors: unknown[] = []
  let running = 0
  let overlaps = 0
  const loop = new PeriodicLoop({
    everyMs: step.everyMs ?? (() => 1000),
    onError: (cause) => errors.push(cause),
    step: async () => {
      starts.push(time.elapsedMs())
      if (++running > 1) overlaps++
      if (step.takesMs > 0) await sleep(step.takesMs)
      running--
      if (step.fails) throw new Error('planned')
    },
  })
  return { loop, starts, errors, overlaps: () => overlaps }
}

describe('PeriodicLoop', () => {
  it('runs at once and then after each pause, counted from the end of a run', () =>
    runInVirtualTime(async (time) => {
      const { loop, starts } = watched(time, { takesMs: 100 })
      loop.start()
      await sleep(3000)
      await loop.stop()
      assert.deepEqual(starts, [0, 1100, 2200])
    }))

  it('asks for each pause anew', () =>
    runInVirtualTime(async (time) => {
      let pauseMs = 100
      const { loop, starts } = watched(time, { takesMs: 0, everyMs: () => (pauseMs *= 2) })
      loop.start()
      await sleep(1500)
      await loop.stop()
      assert.deepEqual(starts, [0, 200, 600, 1400])
    }))

  it('goes on after a failed run', () =>
    runInVirtualTime(async (time) => {
      const { loop, starts, errors } = watched(time, { takesMs: 0, fails: true })
      loop.start()
      await sleep(2500)
      await loop.stop()
      assert.deepEqual(starts, [0, 1000, 2000])
      assert.equal(errors.length, 3)
    }))

  it('goes on after a step that throws before there is a promise (R67)', () =>
    runInVirtualTime(async (time) => {
      const errors: unknown[] = []
      const starts: number[] = []
      const loop = new PeriodicLoop({
        everyMs: () => 1000,
        onError: (cause, failures) => errors.push([cause, failures]),
        step: () => {
          starts.push(time.elapsedMs())
          throw BUG
        },
      })
      loop.start()
      await sleep(1500)
      await loop.stop()
      assert.deepEqual(starts, [0, 1000])
      assert.deepEqual(errors, [
        [BUG, 1],
        [BUG, 2],
      ])
    }))

  it('brings the next run forward when poked, and pokes during a run make one more', () =>
    runInVirtualTime(async (time) => {
      const { loop, starts, overlaps } = watched(time, { takesMs: 100 })
      loop.start()
      await sleep(50)
      loop.poke()
      loop.poke()
      await sleep(250)
      loop.poke()
      await sleep(500)
      await loop.stop()
      // A timer of 0 ms fires after 1 ms, as in Node.
      assert.deepEqual(starts, [0, 101, 300])
      assert.equal(overlaps(), 0)
    }))

  it('waits on stop for the run under way, after which nothing comes', () =>
    runInVirtualTime(async (time) => {
      const { loop, starts } = watched(time, { takesMs: 100 })
      loop.start()
      await sleep(50)
      loop.poke()
      await loop.stop()
      assert.equal(time.elapsedMs(), 100)
      loop.poke()
      await sleep(5000)
      assert.deepEqual(starts, [0])
      assert.equal(time.waitingEvents(), 0)
    }))

  it('does not run twice at once when it is started again during a run', () =>
    runInVirtualTime(async (time) => {
      const { loop, starts, overlaps } = watched(time, { takesMs: 100 })
      loop.start()
      loop.start()
      await sleep(50)
      const stopping = loop.stop()
      loop.start()
      await stopping
      await sleep(500)
      await loop.stop()
      assert.deepEqual(starts, [0, 101])
      assert.equal(overlaps(), 0)
    }))
})
