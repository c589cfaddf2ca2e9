import assert from 'node:assert/strict'
import { compareExtendedSequenceNumbers, type ExtendedSequenceNumber } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { type Fault, runInVirtualTime } from '@millrace/testing'
import fc from 'fast-check'
import type { Lease } from '../../src/lease/lease.ts'
import type { ConsumerRecord } from '../../src/record.ts'
import type { Handler } from '../../src/record-processor.ts'
import { FakeTenure, leaseAt, outage, type ServedShard, ShardWorld } from '../shard-fixture.ts'

type Step =
  | { readonly do: 'put'; readonly records: number }
  | { readonly do: 'aggregate'; readonly records: number }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'fault'; readonly fault: Fault }
  | { readonly do: 'fail-handler'; readonly times: number }
  | { readonly do: 'fail-table'; readonly times: number }
  | { readonly do: 'lose-lease' }
  | { readonly do: 'restart' }

const times = fc.integer({ min: 1, max: 4 })
const fault = fc.oneof(
  fc.record({
    operation: fc.constant('getRecords' as const),
    kind: fc.constantFrom('throttle', 'fail', 'lose-reply', 'empty-page', 'null-iterator'),
    times,
  }),
  fc.record({
    operation: fc.constantFrom('getShardIterator' as const, 'listShards' as const),
    kind: fc.constantFrom('throttle', 'fail', 'lose-reply'),
    times,
  }),
  fc.record({
    operation: fc.constant('getRecords' as const),
    kind: fc.constant('delay' as const),
    delayMs: fc.constantFrom(50, 5000, Number.POSITIVE_INFINITY),
  }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), records: times }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('aggregate' as const),
      records: fc.integer({ min: 2, max: 9 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('sleep' as const),
      ms: fc.constantFrom(1, 40, 700, 4000, 400_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      fault: fault as fc.Arbitrary<Fault>,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constant<Step>({
      do: 'fault',
      fault: { operation: 'getRecords', kind: 'expire-iterators' },
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail-handler' as const), times }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail-table' as const), times }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'lose-lease' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) },
)

/** Watches every checkpoint against what the handler has done. */
class WatchedTenure extends FakeTenure {
  readonly done: ExtendedSequenceNumber[] = []
  /** What is thrown inside is handled like any failure, so it is kept here too. */
  readonly #violations: unknown[]

  constructor(lease: Lease, violations: unknown[]) {
    super(lease)
    this.#violations = violations
  }

  check(holds: boolean, law: string): void {
    if (!holds) this.#violations.push(new Error(law))
  }

  override async checkpoint(at: ExtendedSequenceNumber): Promise<void> {
    const before = this.lease.checkpoint
    this.check(compareExtendedSequenceNumbers(at, before) > 0, 'a checkpoint moved down (S3)')
    if (at.sequenceNumber !== 'SHARD_END') {
      const done = this.done.at(-1)
      this.check(
        done !== undefined && compareExtendedSequenceNumbers(at, done) <= 0,
        'a checkpoint is beyond what is done (S4)',
      )
    }
    await super.checkpoint(at)
  }
}

/** `held`: batches that wait for more. */
type Kind = 'record' | 'batch' | 'held batch'

/** One history: a stream with its writers and faults, and tenure after tenure over it. */
class History {
  readonly world = new ShardWorld({ limits: false })
  /** Every user record put, in the order of the shard. */
  readonly put: ExtendedSequenceNumber[] = []
  readonly doneEver = new Set<string>()
  #failures = 0
  #serial = 0
  #served: ServedShard | undefined
  readonly violations: unknown[] = []
  #tenure = new WatchedTenure(leaseAt('TRIM_HORIZON'), this.violations)

  readonly #kind: Kind

  constructor(kind: Kind) {
    this.#kind = kind
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.world.create()
    this.#start()
    for (const one of steps) {
      await this.#take(one)
      assert.deepEqual(this.violations, [])
    }
    await this.world.split()
    for (;;) {
      const outcome = await this.#served?.done
      if (outcome === 'shard-ended') break
      this.#start()
    }
    for (const at of this.put) assert.ok(this.doneEver.has(name(at)), `${name(at)} was lost (S1)`)
    assert.equal(this.#tenure.lease.checkpoint.sequenceNumber, 'SHARD_END')
    assert.deepEqual(this.violations, [])
  }

  #start(): void {
    this.#tenure = new WatchedTenure(this.#tenure.lease, this.violations)
    this.#served = this.world.serve(this.#handler(this.#tenure), {
      tenure: this.#tenure,
      options: {
        retrieval: { mode: 'polling', maxRecords: 3, maxPendingBatches: 2 },
        ...(this.#kind === 'held batch' ? { maxRecordsPerBatch: 5, maxBatchWaitMs: 2000 } : {}),
      },
    })
  }

  async #take(one: Step): Promise<void> {
    switch (one.do) {
      case 'put':
        for (let i = 0; i < one.records; i++) {
          const [sequenceNumber = ''] = await this.world.put(`r${this.#serial++}`)
          this.put.push({ sequenceNumber, subSequenceNumber: 0 })
        }
        return
      case 'aggregate': {
        const texts = Array.from({ length: one.records }, () => `r${this.#serial++}`)
        const sequenceNumber = await this.world.putAggregate(texts)
        for (const sub of texts.keys()) this.put.push({ sequenceNumber, subSequenceNumber: sub })
        return
      }
      case 'sleep':
        await sleep(one.ms)
        return
      case 'fault':
        this.world.service.injectFault(one.fault)
        return
      case 'fail-handler':
        this.#failures += one.times
        return
      case 'fail-table':
        for (let i = 0; i < one.times; i++) this.#tenure.failures.push(outage())
        return
      case 'lose-lease':
      case 'restart':
        if (one.do === 'restart') this.#served?.consumer.requestStop()
        else this.#tenure.loseLease()
        await this.#served?.done
        this.#start()
        return
      default:
        one satisfies never
    }
  }

  #handler(tenure: WatchedTenure): Handler<string> {
    const start = tenure.lease.checkpoint
    // Where this tenure must begin (S10): right behind what was stored when it began.
    let next = 0
    // When a call begins: the lease may be lost in the middle of a batch.
    const called = (): void => tenure.check(tenure.believed, 'called without belief (S8)')
    const handle = async (record: ConsumerRecord<string>): Promise<void> => {
      if (next === 0) {
        next = this.put.findIndex((at) => compareExtendedSequenceNumbers(at, start) > 0)
      }
      const expected = this.put[next]
      tenure.check(expected !== undefined && name(record) === name(expected), 'order or gap (S10)')
      tenure.check(record.data === `r${next}`, 'other data than was put (S2)')
      await sleep(1)
      next++
    }
    const fail = (): void => {
      if (this.#failures === 0) return
      this.#failures--
      throw new Error('injected')
    }
    const settle = (records: readonly ConsumerRecord<string>[]): void => {
      for (const record of records) {
        tenure.done.push({
          sequenceNumber: record.sequenceNumber,
          subSequenceNumber: record.subSequenceNumber,
        })
        this.doneEver.add(name(record))
      }
    }
    if (this.#kind === 'record') {
      return {
        eachRecord: async (record) => {
          called()
          fail()
          await handle(record)
          settle([record])
        },
      }
    }
    return {
      eachBatch: async ({ records }) => {
        called()
        fail()
        for (const record of records) await handle(record)
        settle(records)
      },
    }
  }
}

function name(at: ExtendedSequenceNumber): string {
  return `${at.sequenceNumber}/${at.subSequenceNumber}`
}

describe('ShardConsumer under any faults', () => {
  for (const kind of ['record', 'batch', 'held batch'] as const) {
    it(`hands each ${kind} out in order, once a tenure, loses none and checkpoints only done work`, () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(), (steps, seed) =>
          runInVirtualTime(() => new History(kind).run(steps), { seed }),
        ),
        { numRuns: kind === 'held batch' ? 80 : 120 },
      ))
  }
})
