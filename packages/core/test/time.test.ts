import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { AbortedError } from '../src/errors.ts'
import {
  machineMonotonicMs,
  monotonicMs,
  nextTurn,
  nowMs,
  sleep,
  startTimer,
  stopTimer,
} from '../src/time.ts'

describe('sleep', () => {
  it('resolves', async () => {
    await sleep(1)
  })

  it('rejects at once when the signal has fired already', async () => {
    const reason = new Error('enough')
    await assert.rejects(
      sleep(60_000, AbortSignal.abort(reason)),
      (error) => error instanceof AbortedError && error.cause === reason,
    )
  })

  it('rejects when the signal fires, and stops its timer', async () => {
    const { setTimeout: set, clearTimeout: clear } = globalThis
    const running = new Set<unknown>()
    globalThis.setTimeout = ((run: () => void, delayMs: number) => {
      const timer = set(run, delayMs)
      running.add(timer)
      return timer
    }) as typeof set
    globalThis.clearTimeout = ((timer: Parameters<typeof clear>[0]) => {
      running.delete(timer)
      clear(timer)
    }) as typeof clear
    try {
      const controller = new AbortController()
      const wait = sleep(60_000, controller.signal)
      assert.equal(running.size, 1)
      controller.abort()
      assert.equal(running.size, 0)
      await assert.rejects(wait, AbortedError)
    } finally {
      Object.assign(globalThis, { setTimeout: set, clearTimeout: clear })
    }
  })

  it('does not mind a signal that fires after it', async () => {
    const controller = new AbortController()
    await sleep(1, controller.signal)
    controller.abort()
  })
})

describe('startTimer', () => {
  it('fires in order of delay', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      startTimer(8, () => {
        order.push('later')
        resolve()
      })
      startTimer(1, () => order.push('sooner'))
    })
    assert.deepEqual(order, ['sooner', 'later'])
  })

  it('does not fire at once when the delay is longer than Node can hold', async () => {
    let fired = false
    const timer = startTimer(2 ** 40, () => {
      fired = true
    })
    await sleep(5)
    stopTimer(timer)
    assert.equal(fired, false)
  })
})

describe('stopTimer', () => {
  it('keeps a timer from firing, and takes undefined', async () => {
    let fired = false
    stopTimer(
      startTimer(1, () => {
        fired = true
      }),
    )
    stopTimer(undefined)
    await sleep(5)
    assert.equal(fired, false)
  })
})

describe('nextTurn', () => {
  it('runs after the microtasks of this turn', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      nextTurn(() => {
        order.push('next turn')
        resolve()
      })
      queueMicrotask(() => order.push('microtask'))
    })
    assert.deepEqual(order, ['microtask', 'next turn'])
  })
})

describe('clocks', () => {
  it('look the globals up at each call, so that virtual time can be put beneath', () => {
    const { now } = Date
    try {
      Date.now = () => 12345
      assert.equal(nowMs(), 12345)
    } finally {
      Date.now = now
    }
  })

  it('never go back, the monotonic one', () => {
    let last = monotonicMs()
    for (let i = 0; i < 1000; i++) {
      const now = monotonicMs()
      assert.ok(now >= last)
      last = now
    }
  })
})

describe('machineMonotonicMs', () => {
  it('is one clock for all processes of the machine', () => {
    const before = machineMonotonicMs()
    const module = JSON.stringify(new URL('../src/time.ts', import.meta.url))
    const script = `import(${module}).then((time) => console.log(time.machineMonotonicMs()))`
    const elsewhere = execFileSync(process.execPath, ['--import', 'tsx', '-e', script])
    const between = Number(elsewhere.toString())
    assert.ok(before < between && between < machineMonotonicMs(), `${before} < ${between}`)
  })
})
