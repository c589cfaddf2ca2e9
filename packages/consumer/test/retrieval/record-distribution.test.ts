import assert from 'node:assert/strict'
import { AbortedError, ServiceError } from '@millrace/core'
import { monotonicMs, type StreamDescriptionSummary, silentLogger } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { RecordDistribution } from '../../src/retrieval/record-distribution.ts'

const NEVER = new AbortController().signal

type Answer = 'AUTO' | 'USER_PARTITION_KEY' | Error

class Looks {
  readonly atMs: number[] = []
  readonly distribution: RecordDistribution
  answer: Answer = 'USER_PARTITION_KEY'

  constructor() {
    this.distribution = new RecordDistribution({
      logger: silentLogger,
      control: {
        describe: async () => {
          this.atMs.push(monotonicMs())
          if (this.answer instanceof Error) throw this.answer
          return { RecordDistributionStrategy: this.answer } as StreamDescriptionSummary
        },
      },
    })
  }
}

describe('RecordDistribution', () => {
  it('looks anew for what was read since, once a second at most', () =>
    runInVirtualTime(async () => {
      const looks = new Looks()
      const { distribution } = looks
      await distribution.look(NEVER)
      for (let i = 0; i < 5; i++) {
        assert.equal(await distribution.mayBeAuto(monotonicMs() + 1, NEVER), false)
      }
      const gaps = looks.atMs.slice(1).map((at, i) => Math.round(at - (looks.atMs[i] ?? 0)))
      assert.deepEqual(gaps, [1000, 1000, 1000, 1000, 1000])
      // What was read before the last look is settled.
      assert.equal(await distribution.mayBeAuto(looks.atMs.at(-1) ?? 0, NEVER), false)
      assert.equal(looks.atMs.length, 6)
    }))

  it('sees the switch to AUTO, and never forgets it', () =>
    runInVirtualTime(async () => {
      const looks = new Looks()
      assert.equal(await looks.distribution.mayBeAuto(monotonicMs(), NEVER), false)
      looks.answer = 'AUTO'
      assert.equal(await looks.distribution.mayBeAuto(monotonicMs() + 1, NEVER), true)
      looks.answer = 'USER_PARTITION_KEY'
      assert.equal(await looks.distribution.mayBeAuto(monotonicMs() + 9999, NEVER), true)
      assert.equal(looks.distribution.isAuto, true)
      assert.equal(looks.atMs.length, 2)
    }))

  it('takes nothing for misplaced while the stream does not say', () =>
    runInVirtualTime(async () => {
      const looks = new Looks()
      looks.answer = new ServiceError('DescribeStreamSummary', 'AccessDeniedException', 'no')
      assert.equal(await looks.distribution.mayBeAuto(monotonicMs(), NEVER), true)
      assert.equal(looks.distribution.isAuto, false)
      const gone = AbortSignal.abort()
      await assert.rejects(looks.distribution.mayBeAuto(monotonicMs() + 1, gone), AbortedError)
    }))
})
