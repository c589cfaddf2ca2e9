/** A shard at its tip keeps nothing of what it has handed on: a page may hold 10 MB, a worker 1,000 shards. */
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { KinesisPort } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { Offers } from '../../src/pulling/offers.ts'
import { PullIterator } from '../../src/pulling/pull-iterator.ts'
import type { Handler } from '../../src/record-processor.ts'
import { collecting, ShardWorld, through } from '../shard-fixture.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Answers with copies of the records, which nobody else keeps; once silent it answers no more. */
class WatchedPages {
  readonly kinesis: KinesisPort
  readonly #pages: WeakRef<object>[] = []
  readonly #bytes: WeakRef<object>[] = []
  readonly #given: WeakRef<object>[] = []
  isSilent = false

  constructor(world: ShardWorld) {
    this.kinesis = through(world, {
      getRecords: async (input, options) => {
        // Not even an empty page, which would take the place of the last one.
        if (this.isSilent) return new Promise(() => undefined)
        const answer = await world.service.getRecords(input, options)
        const Records = answer.Records.map((record) => {
          const Data = new Uint8Array(record.Data)
          this.#bytes.push(new WeakRef(Data.buffer))
          return { ...record, Data }
        })
        if (Records.length > 0) this.#pages.push(new WeakRef(Records))
        return { ...answer, Records }
      },
    })
  }

  get seen(): number {
    return this.#pages.length
  }

  readonly note = (given: object): void => {
    this.#given.push(new WeakRef(given))
  }

  /** Pages, data and what the handler got that are still in memory. */
  living(): { pages: number; bytes: number; given: number } {
    collect()
    const living = (refs: readonly WeakRef<object>[]): number =>
      refs.filter((ref) => ref.deref() !== undefined).length
    return { pages: living(this.#pages), bytes: living(this.#bytes), given: living(this.#given) }
  }
}

const texts = Array.from({ length: 30 }, (_, i) => `text ${i}`)

/** @param note is told of what the handler gets */
type HandlerOf = (seen: string[], note: (given: object) => void) => Handler<string>

/** As `batches()` and the iterator pull. */
function pulled(isPerRecord: boolean): HandlerOf {
  return (seen, note) => {
    const running = new Promise<void>(() => undefined)
    const offers = new Offers<string>({ run: () => running, close: async () => undefined })
    const items = new PullIterator(offers, ({ batch, at }) =>
      isPerRecord ? batch.records.slice(at, at + 1) : batch.records,
    )
    const pull = async (): Promise<void> => {
      const { value } = await items.next()
      seen.push(...(value ?? []).map(({ data }) => data))
      if (value !== undefined) note(value)
      void pull()
    }
    void pull()
    return { pulled: { offers, isPerRecord, maxOutstanding: undefined } } as never
  }
}

const HANDLERS: Record<string, HandlerOf> = {
  eachRecord: (seen, note) => collecting(seen, note),
  'batches()': pulled(false),
  'an iterator': pulled(true),
  eachBatch: (seen, note) => ({
    eachBatch: ({ records }) => {
      seen.push(...records.map(({ data }) => data))
      note(records)
    },
  }),
  processor: (seen, note) => ({
    processor: () => ({
      initialize: () => undefined,
      processRecords: ({ records }) => {
        seen.push(...records.map(({ data }) => data))
        note(records)
      },
      leaseLost: () => undefined,
      shardEnded: () => undefined,
      shutdownRequested: () => undefined,
    }),
  }),
}

describe('ShardConsumer at the tip', () => {
  for (const [name, handlerOf] of Object.entries(HANDLERS)) {
    for (const kind of ['plain records', 'an aggregate', 'an aggregate and a plain record']) {
      it(`keeps nothing of ${kind} that ${name} was given`, () =>
        runInVirtualTime(async () => {
          const world = await new ShardWorld().create()
          const watched = new WatchedPages(world)
          const seen: string[] = []
          const served = world.serve(handlerOf(seen, watched.note), { kinesis: watched.kinesis })
          await sleep(5000)
          if (kind === 'plain records') await world.put(...texts)
          else await world.putAggregate(texts)
          if (kind.endsWith('a plain record')) await world.put('last')
          const expected = kind.endsWith('a plain record') ? [...texts, 'last'] : texts
          // Each wait is one poll at the tip: the last page is followed by silence.
          for (let polls = 0; seen.length < expected.length && polls < 100; polls++) {
            await sleep(100)
            watched.isSilent = seen.length === expected.length
          }
          assert.deepEqual(seen, expected)
          await sleep(3000)
          assert.ok(watched.seen > 0)
          assert.deepEqual(watched.living(), { pages: 0, bytes: 0, given: 0 })
          served.consumer.requestStop()
          await served.done
        }))
    }
  }
})
