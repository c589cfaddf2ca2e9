import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkFaults, drawJourney, type SimulatedFaults } from '../../src/simulate/faults.ts'
import { SeededRandom } from '../../src/time/seeded-random.ts'

describe('drawJourney', () => {
  const draw = (faults: SimulatedFaults, method: string, count: number) => {
    const random = new SeededRandom(1, 'journeys')
    return Array.from({ length: count }, () => drawJourney(random, faults, 'kinesis', method))
  }

  it('meets each fault at its rate, a method its own rates before those of its service', () => {
    const faults: SimulatedFaults = {
      latencyMs: { min: 1, max: 2 },
      kinesis: {
        throttle: 0.2,
        loseReply: 0.1,
        expireIterator: 0.3,
        operations: { getRecords: { throttle: 0, failAfter: 0.4 } },
      },
    }
    const share = (method: string, fault: string | undefined): number =>
      draw(faults, method, 10_000).filter((journey) => journey.fault === fault).length / 10_000
    const near = (actual: number, expected: number): void =>
      assert.ok(Math.abs(actual - expected) < 0.02, `${actual} instead of ${expected}`)
    near(share('putRecords', 'throttle'), 0.2)
    near(share('putRecords', 'loseReply'), 0.1)
    near(share('putRecords', undefined), 0.7)
    assert.equal(share('putRecords', 'expireIterator'), 0)
    assert.equal(share('getRecords', 'throttle'), 0)
    near(share('getRecords', 'failAfter'), 0.4)
    near(share('getRecords', 'expireIterator'), 0.3)
    near(share('getRecords', 'loseReply'), 0.1)
  })

  it('keeps every way within its bounds, to the microsecond', () => {
    const bounds = fc.record({ min: fc.nat(50), width: fc.nat(50), tail: fc.nat(5000) })
    fc.assert(
      fc.property(bounds, fc.double({ min: 0, max: 1, noNaN: true }), (at, probability) => {
        const max = at.min + at.width
        const tail = { probability, maxMs: max + at.tail }
        for (const journey of draw({ latencyMs: { min: at.min, max }, tail }, 'listShards', 20)) {
          for (const ms of [journey.requestMs, journey.replyMs]) {
            assert.ok(ms >= at.min && ms <= max + at.tail)
            assert.equal(ms, Number(ms.toFixed(3)))
          }
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('checkFaults', () => {
  const latencyMs = { min: 1, max: 2 }
  const refused: readonly [string, SimulatedFaults][] = [
    ['faults.latencyMs', { latencyMs: { min: 3, max: 2 } }],
    ['faults.latencyMs', { latencyMs: { min: -1, max: 2 } }],
    ['faults.latencyMs', { latencyMs: { min: 0, max: Number.POSITIVE_INFINITY } }],
    ['faults.tail.maxMs', { latencyMs, tail: { probability: 0.1, maxMs: 1 } }],
    ['faults.tail.probability', { latencyMs, tail: { probability: 2, maxMs: 10 } }],
    ['faults.dynamo', { latencyMs, dynamo: { throttle: -0.1 } }],
    ['faults.kinesis', { latencyMs, kinesis: { failAfter: 0.6, loseReply: 0.6 } }],
    ['faults.kinesis.latencyFactor', { latencyMs, kinesis: { latencyFactor: 0.5 } }],
  ]
  for (const [option, faults] of refused) {
    it(`refuses ${JSON.stringify(faults)}`, () => {
      assert.throws(() => checkFaults(faults), { code: 'ERR_KINESIS_INVALID_OPTION', option })
    })
  }

  it('takes rates that add up to 1 in floating point', () => {
    const tenth = 0.1
    const rates = { throttle: tenth * 3, failBefore: tenth * 6, failAfter: tenth }
    checkFaults({ latencyMs, kinesis: rates })
  })
})
