import assert from 'node:assert/strict'
import { CallPace } from '../src/call-pace.ts'
import { monotonicMs } from '../src/time.ts'

const HOUR_MS = 3_600_000

describe('CallPace', () => {
  const realNow = Date.now
  afterEach(() => {
    Date.now = realNow
  })

  it('keeps calls apart: however slow the machine, the third is two pauses after the first', async () => {
    const pace = new CallPace({ maxConcurrent: 1, minTimeMs: 20 })
    const beganMs = monotonicMs()
    let lastMs = beganMs
    const call = async (): Promise<void> => {
      lastMs = monotonicMs()
    }
    await Promise.all([pace.schedule(call), pace.schedule(call), pace.schedule(call)])
    // Timers may fire up to a millisecond early.
    assert.ok(lastMs - beganMs >= 38, `${lastMs - beganMs}`)
  })

  it('lets only so many run at once', async () => {
    const pace = new CallPace({ maxConcurrent: 2, minTimeMs: 0 })
    let running = 0
    let most = 0
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const call = async (): Promise<void> => {
      most = Math.max(most, ++running)
      if (most === 2) open()
      await gate
      running--
    }
    await Promise.all(Array.from({ length: 6 }, () => pace.schedule(call)))
    assert.equal(most, 2)
  })

  it('holds no call up when the wall clock is set back', async () => {
    const pace = new CallPace({ maxConcurrent: 1, minTimeMs: 1 })
    await pace.schedule(async () => undefined)
    Date.now = () => realNow() - HOUR_MS
    // Held up, it would time out.
    assert.equal(await pace.schedule(async () => 'answered'), 'answered')
    assert.equal(await pace.schedule(async () => 'again'), 'again')
  })

  it('passes failures on', async () => {
    const pace = new CallPace({ maxConcurrent: 1, minTimeMs: 1 })
    await assert.rejects(
      pace.schedule(() => Promise.reject(new Error('no'))),
      /no/,
    )
  })
})
