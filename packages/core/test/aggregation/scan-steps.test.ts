import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Deaggregator } from '../../src/aggregation/deaggregate.ts'
import type { DeaggregatedRecord } from '../../src/aggregation/deaggregated-record.ts'
import type { Deaggregation } from '../../src/aggregation/index.ts'
import { field, hashKey, key, numberField, record, sealed } from './messages.ts'

const MIB = 1024 * 1024
const deaggregator = new Deaggregator()

function stepped(Data: Uint8Array): { records: Deaggregation; steps: number } {
  const scan = deaggregator.inSteps({
    ...{ Data, SequenceNumber: '1', PartitionKey: 'a' },
    ApproximateArrivalTimestamp: new Date(0),
  })
  for (let steps = 1; ; steps++) {
    const step = scan.next()
    if (step.done === true) return { records: step.value, steps }
  }
}

function atOnce(Data: Uint8Array): Deaggregation {
  return deaggregator.deaggregate({
    ...{ Data, SequenceNumber: '1', PartitionKey: 'a' },
    ApproximateArrivalTimestamp: new Date(0),
  })
}

function sameAsAtOnce(data: Uint8Array): number {
  const { records, steps } = stepped(data)
  const expected = atOnce(data)
  assert.deepEqual(
    [records.malformed, records.count, records.aggregated],
    [expected.malformed, expected.count, expected.aggregated],
  )
  const some = (from: Deaggregation): DeaggregatedRecord[] => {
    const first: DeaggregatedRecord[] = []
    for (const one of from.from(Math.max(0, from.count - 50))) first.push(one)
    return first
  }
  assert.deepEqual(some(records), some(expected))
  return steps
}

/** Parts of aggregates, sound ones and others, in any order. */
const part = fc.oneof(
  fc.string({ maxLength: 5 }).map(key),
  fc.constantFrom('0', '12', '', 'x', '9'.repeat(40)).map(hashKey),
  fc.tuple(fc.nat(3), fc.string({ maxLength: 5 })).map(([at, data]) => record(at, data)),
  fc
    .tuple(fc.nat(2), fc.nat(2))
    .map(([at, hash]) => record(at, 'd', Buffer.concat([numberField(2, hash), numberField(9, 1)]))),
  fc.constant(Buffer.from([0x0a, 0x01, 0xff])),
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
)

describe('scanning in steps', () => {
  it('finds what the scan in one go finds, whatever the parts of the message', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), fc.boolean(), (parts, isDamaged) => {
        const data = sealed(...parts)
        if (isDamaged) data[data.length - 1] = (data.at(-1) ?? 0) ^ 1
        sameAsAtOnce(data)
      }),
      { numRuns: 300 },
    )
  })

  const unit = Buffer.from('1a0a08001a06616263646566', 'hex')
  const large: Record<string, () => Buffer> = {
    canonical: () => sealed(key('k'), Buffer.alloc(3 * MIB, unit)),
    'its keys behind its records': () => sealed(Buffer.alloc(3 * MIB, unit), key('k')),
    'a million keys': () => sealed(Buffer.alloc(10 * MIB, Buffer.from('0a00', 'hex'))),
    'keys beyond ASCII': () =>
      sealed(Buffer.alloc(300_000 * 4, Buffer.from('0a02c3a9', 'hex')), record(299_999, 'x')),
    'hash keys': () =>
      sealed(key('k'), Buffer.alloc(300_000 * 3, Buffer.from('120131', 'hex')), record(0, 'x')),
    'a key that is no text, the last': () =>
      sealed(
        Buffer.alloc(300_000 * 4, Buffer.from('0a02c3a9', 'hex')),
        field(1, Buffer.from([0xff])),
        record(0, 'x'),
      ),
    'nothing but bytes': () => Buffer.alloc(10 * MIB, 7),
  }
  for (const [name, build] of Object.entries(large)) {
    it(`takes a large record in many steps: ${name}`, () => {
      const data = build()
      const steps = sameAsAtOnce(data)
      assert.ok(steps >= (name === 'nothing but bytes' ? 1 : 2 * (data.length / MIB)), `${steps}`)
    })
  }

  it('scans other records between two steps', () => {
    const data = large['canonical']?.() ?? Buffer.alloc(0)
    const scan = deaggregator.inSteps({
      ...{ Data: data, SequenceNumber: '1', PartitionKey: 'a' },
      ApproximateArrivalTimestamp: new Date(0),
    })
    const small = sealed(key('other'), key('keys'), record(1, 'x'))
    for (;;) {
      const step = scan.next()
      assert.equal([...atOnce(small)][0]?.partitionKey, 'keys')
      if (step.done !== true) continue
      assert.equal(step.value.count, Math.floor((3 * MIB) / 12))
      return
    }
  })

  it('refuses user records that hold field upon field, whichever these are', () => {
    const repeated: Record<string, Buffer> = {
      'key index': Buffer.from('0800', 'hex'),
      'hash key index': Buffer.from('1000', 'hex'),
      data: Buffer.from('1a00', 'hex'),
    }
    for (const [name, one] of Object.entries(repeated)) {
      const body = record(0, 'x', Buffer.alloc(MIB, one))
      assert.equal(atOnce(sealed(key('k'), hashKey('1'), body)).malformed, 'over-budget', name)
    }
    const tag = field(4, Buffer.alloc(MIB, Buffer.from('0a00', 'hex')))
    assert.equal(atOnce(sealed(key('k'), record(0, 'x', tag))).malformed, 'over-budget')
  })
})
