import assert from 'node:assert/strict'
import { CallPace } from '../src/call-pace.ts'
import { monotonicMs } from '../src/time.ts'

const HOUR_MS = 3_600_000

describe('CallPace', () => {
  const realNow = Date.now
  afterEach(() => {
    Date.now = realNow
  })

  it('keeps calls apart, and at most so many at once', async () => {
    const pace = new CallPace({ maxConcurrent: 1, minTimeMs: 20 })
    const starts: number[] = []
    const call = async (): Promise<void> => void starts.push(monotonicMs())
    await Promise.all([pace.schedule(call), pace.schedule(call), pace.schedule(call)])
    for (let i = 1; i < starts.length; i++) {
      assert.ok((starts[i] ?? 0) - (starts[i - 1] ?? 0) >= 15, starts.join(' '))
    }
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
