import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Backpressure, type Gate, type WaitingPut } from '../../src/pipeline/backpressure.ts'

const LIMITS = { maxOutstandingRecords: 5, maxBufferedBytes: 100, maxWaitingPuts: 12 }

type Step =
  | { readonly kind: 'put'; readonly bytes: number; readonly gate: number | undefined }
  | { readonly kind: 'settle'; readonly pick: number }
  | { readonly kind: 'cancel'; readonly pick: number }
  | { readonly kind: 'gate'; readonly gate: number; readonly isShut: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      bytes: fc.integer({ min: 1, max: 100 }),
      gate: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('gate' as const),
      gate: fc.integer({ min: 0, max: 2 }),
      isShut: fc.boolean(),
    }),
  },
)

/** What a producer does with it, and what became of each call. */
class Caller {
  readonly gates = [0, 1, 2].map(() => ({ isShut: false }))
  readonly outcomes = new Map<number, 'admitted' | 'cancelled' | 'refused'>()
  readonly admitted: { readonly bytes: number }[] = []
  /** By gate, then by order: who was admitted. */
  readonly order = new Map<number | undefined, number[]>()
  readonly waiting: WaitingPut[] = []
  readonly backpressure = new Backpressure(LIMITS, { drained: () => {}, settled: () => {} })
  #sequence = 0

  put(bytes: number, gate: number | undefined): void {
    const sequence = ++this.#sequence
    const shut = (): Gate | undefined => {
      const own = gate === undefined ? undefined : this.gates[gate]
      return own?.isShut === true ? own : undefined
    }
    const call: WaitingPut = {
      sequence,
      streamName: 's',
      bytes,
      line: undefined,
      gate: shut,
      admit: () => this.#admit(sequence, bytes, gate),
      fail: () => this.#end(sequence, 'refused'),
    }
    const inTheWay = shut()
    if (inTheWay === undefined && this.backpressure.hasRoom(bytes)) {
      call.admit()
      return
    }
    try {
      this.backpressure.wait(call, inTheWay)
      this.waiting.push(call)
    } catch {
      this.#end(sequence, 'refused')
    }
  }

  cancel(pick: number): void {
    const standing = this.waiting.filter(({ line }) => line !== undefined)
    const call = standing[pick % Math.max(1, standing.length)]
    if (call === undefined) return
    this.backpressure.cancel(call)
    this.#end(call.sequence, 'cancelled')
  }

  settle(pick: number): void {
    const [record] = this.admitted.splice(pick % Math.max(1, this.admitted.length), 1)
    if (record !== undefined) this.backpressure.release(1, record.bytes)
  }

  #admit(sequence: number, bytes: number, gate: number | undefined): void {
    this.#end(sequence, 'admitted')
    this.backpressure.charge(bytes)
    this.admitted.push({ bytes })
    this.order.set(gate, [...(this.order.get(gate) ?? []), sequence])
    assert.ok(this.backpressure.records <= LIMITS.maxOutstandingRecords)
    assert.ok(this.backpressure.bytes <= LIMITS.maxBufferedBytes)
    if (gate !== undefined) assert.equal(this.gates[gate]?.isShut, false, 'past a shut gate')
  }

  #end(sequence: number, how: 'admitted' | 'cancelled' | 'refused'): void {
    assert.ok(!this.outcomes.has(sequence), 'two outcomes')
    this.outcomes.set(sequence, how)
  }
}

describe('Backpressure', () => {
  it('ends every call once, keeps to its bounds and to the order at each gate', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const caller = new Caller()
        let puts = 0
        for (const action of steps) {
          if (action.kind === 'put') {
            puts++
            caller.put(action.bytes, action.gate)
          }
          if (action.kind === 'settle') caller.settle(action.pick)
          if (action.kind === 'cancel') caller.cancel(action.pick)
          if (action.kind === 'gate') {
            const gate = caller.gates[action.gate]
            if (gate !== undefined) gate.isShut = action.isShut
            caller.backpressure.serveSoon()
          }
          await Promise.resolve()
        }
        for (const gate of caller.gates) gate.isShut = false
        caller.backpressure.serveSoon()
        await Promise.resolve()
        while (caller.admitted.length > 0) {
          caller.settle(0)
          await Promise.resolve()
        }
        assert.equal(caller.outcomes.size, puts)
        assert.equal(caller.backpressure.records, 0)
        assert.equal(caller.backpressure.bytes, 0)
        assert.equal(caller.backpressure.oldestWaitingSequence, undefined)
        // Calls that never stood at a gate go in the order in which they came.
        const free = caller.order.get(undefined) ?? []
        assert.deepEqual(
          free,
          [...free].sort((a, b) => a - b),
        )
      }),
      { numRuns: 300 },
    )
  })
})
