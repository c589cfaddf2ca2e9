import assert from 'node:assert/strict'
import { compareExtendedSequenceNumbers, type ExtendedSequenceNumber } from '@millrace/core'
import { aggregate } from '@millrace/core/aggregation'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime, type VirtualTime } from '@millrace/testing'
import fc from 'fast-check'
import type { Lease } from '../../src/lease/lease.ts'
import type { ConsumerRecord } from '../../src/record.ts'
import { FakeTenure, leaseAt, type ServedShard, ShardWorld } from '../shard-fixture.ts'

type Step =
  | { readonly do: 'put' | 'aggregate'; readonly keys: readonly string[] }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'fail-handler'; readonly times: number }
  | { readonly do: 'lose-lease' | 'restart' | 'pause' | 'resume' }

const keys = fc.array(fc.constantFrom('a', 'a', 'a', 'b', 'b', 'c', 'd', 'e'), {
  minLength: 1,
  maxLength: 8,
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('put' as const, 'aggregate' as const), keys }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('sleep' as const),
      ms: fc.constantFrom(1, 40, 700, 4000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail-handler' as const),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(['lose-lease', 'restart', 'pause', 'resume'] as const satisfies readonly string[]),
      ),
    }),
  },
)

interface Put extends ExtendedSequenceNumber {
  readonly key: string
}

const CONCURRENCY = 3
let mostAtOnce = 0

class WatchedTenure extends FakeTenure {
  readonly #history: History

  constructor(lease: Lease, history: History) {
    super(lease)
    this.#history = history
  }

  override async checkpoint(at: ExtendedSequenceNumber): Promise<void> {
    const { put, done, check } = this.#history
    check(compareExtendedSequenceNumbers(at, this.lease.checkpoint) > 0, 'moved down (S3)')
    const covered =
      at.sequenceNumber === 'SHARD_END'
        ? put
        : put.filter((one) => compareExtendedSequenceNumbers(one, at) <= 0)
    check(
      covered.every((one) => done.has(name(one))),
      'a gap was checkpointed (S4)',
    )
    await super.checkpoint(at)
  }
}

/** One shard, its writer, and tenure after tenure with three calls at once. */
class History {
  readonly #world = new ShardWorld({ limits: false })
  readonly #random: ReturnType<VirtualTime['random']>
  readonly put: Put[] = []
  readonly done = new Set<string>()
  readonly violations: string[] = []
  #failures = 0
  #tenure = new WatchedTenure(leaseAt('TRIM_HORIZON'), this)
  #served: ServedShard | undefined

  constructor(time: VirtualTime) {
    this.#random = time.random('handler')
  }

  readonly check = (holds: boolean, law: string): void => {
    if (!holds) this.violations.push(law)
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.#world.create()
    this.#start()
    for (const one of steps) {
      await this.#take(one)
      assert.deepEqual(this.violations, [])
    }
    await this.#world.split()
    this.#served?.consumer.resume()
    while ((await this.#served?.done) !== 'shard-ended') this.#start()
    for (const one of this.put) assert.ok(this.done.has(name(one)), `${name(one)} was lost (S1)`)
    assert.equal(this.#tenure.lease.checkpoint.sequenceNumber, 'SHARD_END')
    assert.equal(this.#served?.budget.bytes, 0)
    assert.deepEqual(this.violations, [])
  }

  #start(): void {
    const tenure = new WatchedTenure(this.#tenure.lease, this)
    this.#tenure = tenure
    const start = tenure.lease.checkpoint
    /** Of each key those that are to be done first, still, by this tenure. */
    const owed = new Map<string, Put[]>()
    const owedOf = (key: string): Put[] => {
      const known = owed.get(key) ?? []
      owed.set(key, known)
      return known
    }
    let next = this.put.findIndex((one) => compareExtendedSequenceNumbers(one, start) > 0)
    if (next < 0) next = this.put.length
    const running = new Set<string>()
    const handle = async (record: ConsumerRecord<string>): Promise<void> => {
      const key = record.partitionKey ?? ''
      for (; next < this.put.length; next++) {
        const one = this.put[next]
        if (one !== undefined) owedOf(one.key).push(one)
      }
      this.check(tenure.believed, 'called without belief (S8)')
      this.check(!running.has(key), `two calls of ${key} at once`)
      this.check(running.size < CONCURRENCY, 'more calls than allowed')
      const [first] = owedOf(key)
      this.check(first !== undefined && name(first) === name(record), `order of ${key} (S10)`)
      running.add(key)
      mostAtOnce = Math.max(mostAtOnce, running.size)
      try {
        const draw = this.#random.next()
        if (draw > 0.3) await sleep(draw * 500)
        if (this.#failures > 0 && this.#random.next() < 0.5) {
          this.#failures--
          throw new Error('injected')
        }
        owedOf(key).shift()
        this.done.add(name(record))
      } finally {
        running.delete(key)
      }
    }
    this.#served = this.#world.serve(
      { eachRecord: (record) => handle(record) },
      {
        tenure,
        options: {
          concurrencyPerShard: CONCURRENCY,
          retrieval: { mode: 'polling', maxRecords: 3, maxPendingBatches: 2, maxPendingBytes: 200 },
        },
      },
    )
  }

  async #take(one: Step): Promise<void> {
    switch (one.do) {
      case 'put':
        for (const key of one.keys) await this.#write(key, [key])
        return
      case 'aggregate': {
        const data = Buffer.from('x')
        const records = one.keys.map((partitionKey) => ({ partitionKey, data }))
        const [packed] = aggregate(records, { maxBytes: 1_000_000 })
        await this.#write(packed?.partitionKey ?? '', one.keys, packed?.data)
        return
      }
      case 'sleep':
        await sleep(one.ms)
        return
      case 'fail-handler':
        this.#failures += one.times
        return
      case 'pause':
      case 'resume':
        this.#served?.consumer[one.do]()
        return
      case 'lose-lease':
      case 'restart':
        if (one.do === 'restart') this.#served?.consumer.requestStop()
        else this.#tenure.loseLease()
        await this.#served?.done
        assert.equal(this.#served?.budget.bytes, 0)
        this.#start()
        return
      default:
        one satisfies never
    }
  }

  async #write(key: string, keysOf: readonly string[], data?: Uint8Array): Promise<void> {
    const { SequenceNumber: sequenceNumber } = await this.#world.service.putRecord({
      StreamName: 'flights',
      Data: data ?? Buffer.from('x'),
      PartitionKey: key,
      ExplicitHashKey: '0',
    })
    for (const [subSequenceNumber, of] of keysOf.entries()) {
      this.put.push({ sequenceNumber, subSequenceNumber, key: of })
    }
  }
}

function name(at: ExtendedSequenceNumber): string {
  return `${at.sequenceNumber}/${at.subSequenceNumber}`
}

describe('ConcurrentDelivery under any halts and failures', () => {
  it('keeps each key in order, checkpoints no gap and leaves nothing undone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(), (steps, seed) =>
        runInVirtualTime((time) => new History(time).run(steps), { seed }),
      ),
      { numRuns: 120 },
    )
    assert.equal(mostAtOnce, CONCURRENCY)
  })
})
