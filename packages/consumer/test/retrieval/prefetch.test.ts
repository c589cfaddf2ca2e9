import assert from 'node:assert/strict'
import { AbortedError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { Prefetch } from '../../src/retrieval/prefetch.ts'
import { ReadBudget } from '../../src/retrieval/read-budget.ts'
import {
  isShardEnd,
  type Page,
  type Reading,
  type ShardSource,
} from '../../src/retrieval/source.ts'

function page(bytes: number, lag = 0, records = 1): Page {
  return {
    records: Array(records).fill({ Data: new Uint8Array(0), SequenceNumber: '1' }),
    bytes,
    millisBehindLatest: lag,
    atShardEnd: false,
  }
}

class ScriptedSource implements ShardSource {
  asked = 0
  closed = false
  readonly #script: (Reading | Error)[]

  constructor(...script: (Reading | Error)[]) {
    this.#script = script
  }

  async next(): Promise<Reading> {
    this.asked++
    await sleep(10)
    const next = this.#script.shift() ?? page(1)
    if (next instanceof Error) throw next
    return next
  }

  close(): void {
    this.closed = true
  }
}

function prefetching(source: ShardSource, maxPendingBatches = 4, maxPendingBytes = 100): Prefetch {
  const prefetch = new Prefetch({
    ...{ source, maxPendingBatches, maxPendingRecords: 100, maxPendingBytes },
  })
  prefetch.start()
  return prefetch
}

describe('Prefetch', () => {
  it('reads ahead up to so many pages, and on when one is taken', () =>
    runInVirtualTime(async () => {
      const source = new ScriptedSource()
      const prefetch = prefetching(source)
      await sleep(1000)
      assert.equal(source.asked, 4)
      await prefetch.next()
      await sleep(1000)
      assert.equal(source.asked, 5)
      prefetch.stop()
    }))

  it('reads no further page once it holds so many bytes: at most one page above (S16)', () =>
    runInVirtualTime(async () => {
      const source = new ScriptedSource(page(60), page(900), page(1))
      const prefetch = prefetching(source)
      await sleep(1000)
      assert.equal(source.asked, 2)
      assert.equal(prefetch.pendingBytes, 960)
      await prefetch.next()
      await sleep(1000)
      assert.equal(source.asked, 2)
      await prefetch.next()
      await sleep(1000)
      assert.equal(prefetch.pendingBytes, 4)
      prefetch.stop()
    }))

  it('reads no further page once it holds so many records: at most one page above', () =>
    runInVirtualTime(async () => {
      const source = new ScriptedSource(page(1, 0, 60), page(1, 0, 90))
      const prefetch = prefetching(source)
      await sleep(1000)
      assert.equal(source.asked, 2)
      await prefetch.next()
      await prefetch.next()
      await sleep(1000)
      assert.equal(source.asked, 6)
      prefetch.stop()
    }))

  it('gives back the places of pages that nobody will handle, one on its way included', () =>
    runInVirtualTime(async () => {
      const budget = new ReadBudget(64 * 1024 * 1024)
      const reads = budget.forShard()
      const source: ShardSource = {
        next: async () => {
          const hold = await reads.reserve(new AbortController().signal)
          await sleep(10)
          hold.accept(10)
          return { ...page(10), hold }
        },
        close: () => {},
      }
      const prefetch = prefetching(source)
      await sleep(35)
      assert.ok(budget.bytes > 30)
      prefetch.stop()
      await sleep(1000)
      assert.equal(budget.bytes, 0)
    }))

  it('with a limit of 0 reads only what is asked for, and never waits on its taker (R50)', () =>
    runInVirtualTime(async () => {
      const source = new ScriptedSource(page(1), page(500), page(1))
      const prefetch = prefetching(source, 0, 1)
      await sleep(1000)
      assert.equal(source.asked, 0)
      for (let taken = 1; taken <= 3; taken++) {
        await prefetch.next()
        await sleep(1000)
        assert.equal(source.asked, taken)
      }
      prefetch.stop()
    }))

  it('keeps order, and only the newest of empty pages', () =>
    runInVirtualTime(async () => {
      const empty = (lag: number): Page => page(0, lag, 0)
      const source = new ScriptedSource(page(1, 9), empty(8), empty(7), empty(6), page(1, 5), {
        children: [],
      })
      const prefetch = prefetching(source, 10)
      await sleep(1000)
      const lags: unknown[] = []
      for (let i = 0; i < 5; i++) {
        const reading = await prefetch.next()
        lags.push(isShardEnd(reading) ? 'end' : reading.millisBehindLatest)
      }
      // An empty page is replaced by the page behind it, whatever that holds.
      assert.deepEqual(lags, [9, 5, 'end', 'end', 'end'])
    }))

  it('hands out what it holds before the error behind it', () =>
    runInVirtualTime(async () => {
      const prefetch = prefetching(new ScriptedSource(page(1), new Error('broken')))
      await sleep(1000)
      assert.equal(isShardEnd(await prefetch.next()), false)
      await assert.rejects(prefetch.next(), /broken/)
    }))

  it('does not read while paused', () =>
    runInVirtualTime(async () => {
      const source = new ScriptedSource()
      const prefetch = new Prefetch({
        ...{ source, maxPendingBatches: 4, maxPendingRecords: 100, maxPendingBytes: 9 },
      })
      prefetch.pause()
      prefetch.start()
      const next = prefetch.next()
      await sleep(1000)
      assert.equal(source.asked, 0)
      prefetch.resume()
      await next
      prefetch.stop()
    }))

  it('ends an open wait when stopped; the reply that comes late goes nowhere (R05)', () =>
    runInVirtualTime(async () => {
      for (const late of [page(1), new Error('late')]) {
        const source = new ScriptedSource(late)
        const prefetch = prefetching(source)
        const next = prefetch.next()
        prefetch.stop()
        await assert.rejects(next, AbortedError)
        assert.equal(source.closed, true)
        await sleep(1000)
        await assert.rejects(prefetch.next(), AbortedError)
        assert.equal(prefetch.pendingBytes, 0)
        assert.equal(source.asked, 1)
      }
    }))
})
