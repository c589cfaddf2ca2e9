/** Random calls on a real tenure of a simulated table, against a small model of KCL's rules. */
import assert from 'node:assert/strict'
import { type ExtendedSequenceNumber, isServiceError } from '@millrace/core'
import { runInVirtualTime, type VirtualTime } from '@millrace/testing'
import fc from 'fast-check'
import { CheckpointTracker } from '../../src/delivery/checkpoint-tracker.ts'
import { ShardCheckpointer } from '../../src/delivery/shard-checkpointer.ts'
import { InvalidCheckpointError, LeaseLostError } from '../../src/errors.ts'
import type { CheckpointTarget, PreparedCheckpoint } from '../../src/record.ts'
import { tableWith } from '../lease/lease-table-fixture.ts'
import { leaseOf, rowOfLease } from '../lease/leases.ts'
import { HeldLeaseBench, KEY } from '../tenure/held-lease-fixture.ts'
import { type At, CheckpointModel, compare, END, type Outcome } from './checkpoint-model.ts'

type Step =
  | { readonly do: 'deliver'; readonly at: At }
  | { readonly do: 'checkpoint'; readonly at: At | undefined; readonly form: number }
  | {
      readonly do: 'prepare'
      readonly at: At | undefined
      readonly form: number
      readonly state: string | undefined
    }
  | { readonly do: 'commit'; readonly nth: number }
  | { readonly do: 'fail' | 'withdraw' | 'ending' | 'end' | 'lose' }

/** 9 and 10 differ in length: whoever compares them as texts is found. */
const record = fc.integer({ min: 5, max: 14 })
const position = fc.tuple(record, fc.nat(3))
const named = fc.option(
  fc.oneof(
    { weight: 9, arbitrary: fc.tuple(record, fc.integer({ min: -1, max: 3 })) },
    { weight: 1, arbitrary: fc.constant(END) },
  ),
  { nil: undefined, freq: 3 },
)
const form = fc.nat(2)
const state = fc.option(fc.constantFrom('', 's1', 's2'), { nil: undefined })

function step<S extends Step>(
  weight: number,
  arbitrary: fc.Arbitrary<S>,
): fc.WeightedArbitrary<Step> {
  return { weight, arbitrary }
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    step(4, fc.record({ do: fc.constant('deliver'), at: position })),
    step(5, fc.record({ do: fc.constant('checkpoint'), at: named, form })),
    step(3, fc.record({ do: fc.constant('prepare'), at: named, form, state })),
    step(2, fc.record({ do: fc.constant('commit'), nth: fc.nat(3) })),
    step(2, fc.record({ do: fc.constantFrom('fail', 'withdraw') })),
    step(1, fc.record({ do: fc.constantFrom('ending', 'end', 'end', 'end', 'lose') })),
  ),
  { minLength: 4, maxLength: 30 },
)

function ours([number, subSequenceNumber]: At): ExtendedSequenceNumber {
  return number === END[0]
    ? { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 }
    : { sequenceNumber: String(number), subSequenceNumber }
}

/** The same position in each of the forms that it can be given in. */
function inForm(at: At | undefined, nth: number): CheckpointTarget | undefined {
  if (at === undefined) return undefined
  const { sequenceNumber, subSequenceNumber } = ours(at)
  if (subSequenceNumber !== 0 || nth === 2) return { sequenceNumber, subSequenceNumber }
  return nth === 0 ? sequenceNumber : { sequenceNumber }
}

class Comparison {
  readonly #bench: HeldLeaseBench
  readonly #tracker: CheckpointTracker
  readonly #checkpointer: ShardCheckpointer
  readonly #model: CheckpointModel
  readonly #prepared: { readonly real: PreparedCheckpoint; readonly at: At }[] = []
  #done: At

  private constructor(bench: HeldLeaseBench, start: At) {
    const { held } = bench
    this.#bench = bench
    this.#tracker = new CheckpointTracker(KEY, ours(start))
    const signal = held.signal
    this.#checkpointer = new ShardCheckpointer({ tenure: held, tracker: this.#tracker, signal })
    this.#model = new CheckpointModel(start)
    this.#done = start
  }

  static async begin(time: VirtualTime, start: At): Promise<Comparison> {
    const lease = leaseOf(KEY, { leaseOwner: 'me', checkpoint: ours(start) })
    const bench = new HeldLeaseBench(time, await tableWith([rowOfLease(lease)]), lease)
    await bench.held.begin()
    return new Comparison(bench, start)
  }

  /** @returns what the model says of it; undefined when it means nothing now */
  async take(one: Step): Promise<Outcome | undefined> {
    const told = await this.#both(one)
    if (told === undefined) return undefined
    const [real, expected] = told
    assert.equal(real, expected, JSON.stringify(one))
    const row = await this.#bench.row()
    const { at, pending } = this.#model.row
    assert.deepEqual(row.checkpoint, ours(at))
    assert.deepEqual(row.pendingCheckpoint, pending && ours(pending.at))
    const kept = row.pendingCheckpointState
    assert.equal(kept && Buffer.from(kept).toString(), pending?.state)
    return expected
  }

  end(): void {
    this.#bench.held.abandon()
  }

  async #both(one: Step): Promise<readonly [Outcome, Outcome] | undefined> {
    const model = this.#model
    switch (one.do) {
      case 'deliver':
        return this.#deliver(one.at)
      case 'checkpoint':
        return [
          await this.#outcome(() => this.#checkpointer.checkpoint(inForm(one.at, one.form))),
          model.checkpoint(one.at),
        ]
      case 'prepare':
        return await this.#prepare(one)
      case 'commit': {
        const chosen = this.#prepared[one.nth]
        if (chosen === undefined) return undefined
        return [await this.#outcome(() => chosen.real.checkpoint()), model.checkpoint(chosen.at)]
      }
      case 'fail':
        if (model.fails) return undefined
        this.#bench.dynamo.injectFault({ operation: 'updateItem', kind: 'throttle' })
        model.fails = true
        return undefined
      case 'withdraw':
        if (model.isEnding) return undefined
        this.#tracker.withdraw()
        model.withdrawn(this.#done)
        return undefined
      case 'ending':
        this.#tracker.markEnding()
        model.isEnding = true
        return undefined
      case 'end':
        if (!model.isEnding) return undefined
        return [await this.#outcome(() => this.#checkpointer.storeShardEnd()), model.end()]
      case 'lose':
        this.#bench.held.abandon()
        model.isLost = true
        return undefined
    }
  }

  /** In order, and nothing after the end; what was delivered before is done then. */
  #deliver(at: At): undefined {
    const model = this.#model
    if (model.isEnding || compare(at, model.largest) <= 0) return
    this.#done = model.largest
    this.#tracker.markDone(ours(this.#done))
    this.#tracker.markDelivered(ours(at))
    model.delivered(at)
  }

  async #prepare({
    at,
    form: nth,
    state: text,
  }: Extract<Step, { readonly do: 'prepare' }>): Promise<readonly [Outcome, Outcome]> {
    const bytes = text === undefined ? undefined : Buffer.from(text)
    const real = await this.#outcome(async () => {
      const made = await this.#checkpointer.prepareCheckpoint(inForm(at, nth), bytes)
      const isEnd = at === undefined || at === END
      this.#prepared.push({ real: made, at: isEnd ? this.#model.largest : at })
    })
    return [real, this.#model.prepare(at, text)]
  }

  async #outcome(call: () => Promise<void>): Promise<Outcome> {
    const { held } = this.#bench
    const before = held.lease.leaseCounter
    try {
      await call()
      return held.lease.leaseCounter > before ? 'stored' : 'nothing'
    } catch (cause) {
      if (cause instanceof InvalidCheckpointError) return 'invalid'
      if (cause instanceof LeaseLostError) return 'lost'
      assert.ok(isServiceError(cause), String(cause))
      return 'failed'
    }
  }
}

describe('checkpoints, against KCL’s rules', () => {
  it('store, pass over and refuse what the model does, and leave the same row', async () => {
    const seen = new Map<Outcome, number>()
    await fc.assert(
      fc.asyncProperty(position, steps, (start, script) =>
        runInVirtualTime(async (time) => {
          const comparison = await Comparison.begin(time, start)
          for (const one of script) {
            const outcome = await comparison.take(one)
            if (outcome !== undefined) seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
          }
          comparison.end()
        }),
      ),
      { numRuns: 150 },
    )
    for (const outcome of ['stored', 'nothing', 'invalid', 'lost', 'failed'] as const) {
      assert.ok((seen.get(outcome) ?? 0) > 3, `${outcome}: ${seen.get(outcome)}`)
    }
  }).timeout(30_000)
})
