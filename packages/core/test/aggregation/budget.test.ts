import assert from 'node:assert/strict'
import { AggregateEncoder } from '../../src/aggregation/encoder.ts'
import { deaggregate } from '../../src/aggregation/index.ts'
import { field, key, numberField, record, sealed } from './messages.ts'

const MIB = 1024 * 1024

function bomb(unit: Buffer, bytes: number, ...head: Buffer[]): Buffer {
  return sealed(...head, Buffer.alloc(bytes - (bytes % unit.length), unit))
}

const EMPTY_RECORD = Buffer.from('1a0408001a00', 'hex')
const shapes: Record<string, (bytes: number) => Buffer> = {
  'empty user records': (bytes) => bomb(EMPTY_RECORD, bytes, key('k')),
  'empty user records before their key': (bytes) =>
    sealed(Buffer.alloc(bytes - (bytes % 6), EMPTY_RECORD), key('k')),
  'empty keys': (bytes) => bomb(Buffer.from('0a00', 'hex'), bytes),
  'empty hash keys': (bytes) => bomb(Buffer.from('1200', 'hex'), bytes),
  'unknown fields': (bytes) => bomb(Buffer.from('7800', 'hex'), bytes, key('k'), record(0, 'x')),
  'unknown fields in a record': (bytes) =>
    sealed(key('k'), record(0, 'x', Buffer.alloc(bytes, Buffer.from('7800', 'hex')))),
  'tags of a record': (bytes) =>
    sealed(
      key('k'),
      record(0, 'x', Buffer.alloc(bytes - (bytes % 4), Buffer.from('22020a00', 'hex'))),
    ),
  'empty keys behind a record': (bytes) => bomb(Buffer.from('0a00', 'hex'), bytes, record(0, 'x')),
}

describe('the decode budget', () => {
  for (const [name, build] of Object.entries(shapes)) {
    for (const mib of [1, 10]) {
      it(`leaves a bomb of ${mib} MiB raw, having made nothing of it: ${name}`, () => {
        const Data = build(mib * MIB)
        const records = deaggregate({ Data, SequenceNumber: '1' })
        assert.equal(records.malformed, 'over-budget')
        assert.equal(records.count, 1)
        assert.equal([...records][0]?.data, Data)
      })
    }
  }

  it('counts the memory that keys take, not only their number', () => {
    const Data = bomb(Buffer.from('0a00', 'hex'), 150_000, record(0, 'x'))
    assert.equal(deaggregate({ Data }).malformed, 'over-budget')
  })

  it('makes user records one at a time, so that the largest legal aggregate is no bomb', () => {
    const data = bomb(Buffer.from('1a0808001a0461626364', 'hex'), 99_999 * 10, key('k'))
    const records = deaggregate({ Data: data, SequenceNumber: '1' })
    assert.equal(records.malformed, undefined)
    assert.equal(records.count, 99_999)
    const iterator = records[Symbol.iterator]()
    assert.equal(iterator.next().value?.subSequenceNumber, 0)
  })

  it('grows with the record above 1 MiB and follows the option', () => {
    const Data = bomb(Buffer.from('1a0908001a056162636465', 'hex'), 4 * MIB, key('k'))
    assert.equal(deaggregate({ Data }).malformed, undefined)
    assert.equal(deaggregate({ Data }, { maxUserRecords: 10_000 }).malformed, 'over-budget')
  })

  it('never refuses what KPL can write up to 51,200 bytes', () => {
    const encoder = new AggregateEncoder()
    let i = 0
    // As many distinct keys and as little data as fit.
    for (; ; i++) {
      const text = i.toString(36)
      if (!encoder.tryAdd(text, text.length, undefined, new Uint8Array(0), 51_200)) break
    }
    const records = deaggregate({ Data: encoder.encode() })
    assert.equal(records.malformed, undefined)
    assert.equal(records.count, i)
    const same = sealed(
      key('k'),
      ...Array.from({ length: 7000 }, () =>
        field(3, Buffer.concat([numberField(1, 0), field(3, 'x')])),
      ),
    )
    assert.equal(deaggregate({ Data: same }).count, 7000)
  })
})
