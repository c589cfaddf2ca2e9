import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import { aggregate, deaggregate, isAggregated } from '../../src/aggregation/index.ts'
import { InvalidOptionError, InvalidRecordError } from '../../src/errors.ts'
import { hashKeyOf } from '../../src/hash-key.ts'
import { field, hashKey, key, MAGIC, numberField, record, sealed, varint } from './messages.ts'

const service = (Data: Uint8Array) => ({
  Data,
  PartitionKey: 'outer',
  SequenceNumber: '49590338271490256608559692538361571095921575989136588898',
  ApproximateArrivalTimestamp: new Date(1_700_000_000_000),
})

describe('deaggregate', () => {
  it('gives a plain record as it came', () => {
    const given = service(Buffer.from('plain'))
    const records = deaggregate(given)
    assert.equal(records.count, 1)
    assert.equal(records.aggregated, false)
    assert.equal(records.malformed, undefined)
    assert.deepEqual(
      [...records],
      [
        {
          data: given.Data,
          partitionKey: 'outer',
          explicitHashKey: undefined,
          sequenceNumber: given.SequenceNumber,
          subSequenceNumber: 0,
          approximateArrivalTimestamp: given.ApproximateArrivalTimestamp,
          aggregated: false,
          misplaced: false,
          malformed: undefined,
        },
      ],
    )
  })

  it('gives the user records of an aggregate, numbered, under their own keys', () => {
    const given = service(
      sealed(
        key('k0'),
        key('k1'),
        hashKey('77'),
        record(1, 'first'),
        record(0, 'second', numberField(2, 0)),
      ),
    )
    const records = deaggregate(given)
    assert.equal(records.count, 2)
    assert.equal(records.aggregated, true)
    assert.deepEqual(
      [...records].map(({ data, approximateArrivalTimestamp: _, ...rest }) => ({
        ...rest,
        data: `${Buffer.from(data)}`,
      })),
      [
        { data: 'first', partitionKey: 'k1', explicitHashKey: undefined, subSequenceNumber: 0 },
        { data: 'second', partitionKey: 'k0', explicitHashKey: '77', subSequenceNumber: 1 },
      ].map((each) => ({
        ...each,
        sequenceNumber: given.SequenceNumber,
        aggregated: true,
        misplaced: false,
        malformed: undefined,
      })),
    )
  })

  it('copies no data', () => {
    const bytes = new Uint8Array(sealed(key('k'), record(0, 'a'), record(0, 'b')))
    for (const { data } of deaggregate(service(bytes))) assert.equal(data.buffer, bytes.buffer)
  })

  it('can be iterated again, and from a sub-sequence number on', () => {
    const canonical = sealed(key('k'), ...['a', 'b', 'c', 'd'].map((data) => record(0, data)))
    const odd = sealed(...['a', 'b', 'c', 'd'].map((data) => record(0, data)), key('k'))
    for (const bytes of [canonical, odd]) {
      const records = deaggregate(service(bytes))
      assert.equal([...records].length, 4)
      assert.equal([...records].length, 4)
      assert.deepEqual(
        [...records.from(2)].map((each) => [each.subSequenceNumber, `${Buffer.from(each.data)}`]),
        [
          [2, 'c'],
          [3, 'd'],
        ],
      )
      assert.deepEqual([...records.from(4)], [])
    }
    const plain = deaggregate(service(Buffer.from('plain')))
    assert.equal([...plain.from(0)].length, 1)
    assert.equal([...plain.from(1)].length, 0)
  })

  it('reads legal messages that KPL never writes', () => {
    const unknown = Buffer.concat([
      field(9, 'later'),
      numberField(8, 5),
      Buffer.concat([varint((7 << 3) | 1), Buffer.alloc(8)]),
      Buffer.concat([varint((6 << 3) | 5), Buffer.alloc(4)]),
    ])
    const tags = field(4, Buffer.concat([field(1, 'name'), field(2, 'value'), unknown]))
    const shapes = {
      'records before keys': [record(0, 'a'), record(1, 'b'), key('x'), key('y')],
      'unknown fields': [unknown, key('x'), key('y'), record(0, 'a', unknown), record(1, 'b')],
      tags: [key('x'), key('y'), record(0, 'a', tags), record(1, 'b')],
      'long varints': [
        key('x'),
        key('y'),
        field(3, Buffer.concat([Buffer.from([0x08, 0x80, 0x00]), field(3, 'a')])),
        record(1, 'b'),
      ],
      'a field given twice': [
        key('x'),
        key('y'),
        record(1, 'z', Buffer.concat([numberField(1, 0), field(3, 'a')])),
        record(1, 'b'),
      ],
      'other order inside': [
        key('x'),
        key('y'),
        field(3, Buffer.concat([field(3, 'a'), numberField(1, 0)])),
        record(1, 'b'),
      ],
      'duplicate and unused keys': [
        key('x'),
        key('y'),
        key('x'),
        key('unused'),
        record(2, 'a'),
        record(1, 'b'),
      ],
    }
    for (const [name, parts] of Object.entries(shapes)) {
      const records = deaggregate(service(sealed(...parts)))
      assert.equal(records.malformed, undefined, name)
      assert.deepEqual(
        [...records].map((each) => [each.partitionKey, `${Buffer.from(each.data)}`]),
        [
          ['x', 'a'],
          ['y', 'b'],
        ],
        name,
      )
    }
  })

  describe('on an aggregate with any bad part', () => {
    const good = [key('k'), record(0, 'good')]
    const bad = {
      'key-index': sealed(...good, record(1, 'x')),
      'key-index far beyond': sealed(...good, record((1n << 63n) + 5n, 'x')),
      'key-index of the hash keys': sealed(...good, record(0, 'x', numberField(2, 0))),
      truncated: sealed(...good, Buffer.from([0x1a, 0x20, 0x08])),
      'truncated by a negative length': sealed(
        ...good,
        Buffer.from('1affffffffffffffffff01', 'hex'),
      ),
      'truncated inside': sealed(...good, field(3, Buffer.from([0x08, 0x00, 0x1a, 0x09, 0x61]))),
      varint: sealed(...good, Buffer.concat([Buffer.alloc(11, 0x80), Buffer.from([1])])),
      'varint of 65 bits': sealed(
        ...good,
        field(3, Buffer.from('08ffffffffffffffffff021a00', 'hex')),
      ),
      group: sealed(...good, Buffer.alloc(500, 0x7b)),
      'group inside': sealed(...good, record(0, 'x', Buffer.alloc(500, 0x7b))),
      'group ended': sealed(...good, Buffer.from([0x7c])),
      'wire-type': sealed(...good, Buffer.from([0x3f])),
      'wire-type of a known field': sealed(...good, numberField(3, 1)),
      field: sealed(...good, field(3, field(3, 'no key'))),
      'field data': sealed(...good, field(3, numberField(1, 0))),
      'field number 0': sealed(...good, Buffer.from([0x02, 0x00])),
      'field of a tag': sealed(...good, record(0, 'x', field(4, field(2, 'value only')))),
      utf8: sealed(key('k'), field(1, Buffer.from([0xff, 0x61])), record(0, 'x')),
      'hash-key': sealed(key('k'), hashKey('12x'), record(0, 'x')),
      'hash-key too large': sealed(
        key('k'),
        hashKey('340282366920938463463374607431768211456'),
        record(0, 'x'),
      ),
      'hash-key empty': sealed(key('k'), hashKey(''), record(0, 'x')),
      empty: sealed(key('k')),
      checksum: Buffer.concat([MAGIC, ...good, Buffer.alloc(16)]),
      'checksum after trailing bytes': Buffer.concat([sealed(...good), Buffer.from('x')]),
    }
    for (const [name, bytes] of Object.entries(bad)) {
      it(`yields one raw record and says why: ${name}`, () => {
        const given = service(bytes)
        const records = deaggregate(given)
        const [only, ...rest] = records
        assert.equal(records.malformed, name.split(' ')[0])
        assert.equal(records.aggregated, false)
        assert.deepEqual(rest, [])
        assert.equal(only?.data, given.Data)
        assert.equal(only?.partitionKey, 'outer')
        assert.equal(only?.malformed, records.malformed)
      })
    }
  })

  it('takes anything without a body for plain, as KCL does', () => {
    for (const bytes of [MAGIC, MAGIC.subarray(0, 3), Buffer.alloc(0), sealed()]) {
      assert.equal(deaggregate(service(bytes)).malformed, undefined)
      assert.equal(isAggregated(bytes), false)
    }
  })

  it('expands one level only', () => {
    let bytes = sealed(key('k'), record(0, 'core'), record(0, 'core'))
    for (let level = 0; level < 50; level++) {
      bytes = sealed(key('k'), field(3, Buffer.concat([numberField(1, 0), field(3, bytes)])))
    }
    const [inner] = deaggregate(service(bytes))
    assert.ok(inner && isAggregated(inner.data))
  })

  it('tells which user records lie outside the shard it is given', () => {
    const inside = { partitionKey: 'in', data: Buffer.from('x') }
    const at = hashKeyOf('in')
    const userRecords = [
      inside,
      { ...inside, partitionKey: 'out' },
      { ...inside, explicitHashKey: (at + 1n).toString() },
      { ...inside, partitionKey: 'out', explicitHashKey: at.toString() },
    ]
    const [aggregated] = aggregate(userRecords)
    assert.ok(aggregated)
    const hashKeyRange = { start: at, end: at }
    const misplaced = (bytes: Uint8Array): boolean[] =>
      [...deaggregate(service(bytes), { hashKeyRange })].map((each) => each.misplaced)
    assert.deepEqual(misplaced(aggregated.data), [false, true, true, false])
    assert.deepEqual(misplaced(sealed(record(0, 'x'), record(1, 'x'), key('in'), key('out'))), [
      false,
      true,
    ])
    assert.deepEqual(misplaced(Buffer.from('plain')), [false])
    assert.deepEqual(
      [...deaggregate(service(aggregated.data))].map((each) => each.misplaced),
      [false, false, false, false],
    )
  })

  it('takes a record without partition key (AUTO record distribution) and our own spelling', () => {
    const bytes = sealed(key('k'), record(0, 'a'), record(0, 'b'))
    assert.equal(
      [...deaggregate({ Data: Buffer.from('x'), SequenceNumber: '1' })][0]?.partitionKey,
      undefined,
    )
    assert.equal(
      [...deaggregate({ data: bytes, partitionKey: 'a', sequenceNumber: '7' })][1]?.sequenceNumber,
      '7',
    )
  })

  it('takes bytes of another realm, such as a test runner makes', () => {
    const data: Uint8Array = runInNewContext('new Uint8Array([1, 2])')
    assert.deepEqual([...deaggregate({ data })][0]?.data, data)
  })

  it('refuses text instead of bytes, and wrong options', () => {
    const base64 = { Data: 'aGVsbG8=' as unknown as Uint8Array }
    assert.throws(() => deaggregate(base64), InvalidRecordError)
    assert.throws(() => isAggregated('x' as unknown as Uint8Array), InvalidRecordError)
    for (const wrong of [undefined, null, 7, 'text', {}]) {
      assert.throws(() => deaggregate(wrong as unknown as { data: Uint8Array }), InvalidRecordError)
    }
    const given = service(Buffer.from('x'))
    assert.throws(() => deaggregate(given, { maxUserRecords: 0 }), InvalidOptionError)
    const hashKeyRange = { start: 5n, end: 4n }
    assert.throws(() => deaggregate(given, { hashKeyRange }), InvalidOptionError)
  })
})

describe('isAggregated', () => {
  it('wants magic, a body and its checksum', () => {
    const bytes = sealed(key('k'), record(0, 'a'))
    assert.equal(isAggregated(bytes), true)
    assert.equal(isAggregated(new Uint8Array(bytes)), true)
    const spoilt = Buffer.from(bytes)
    spoilt[6] = 1
    assert.equal(isAggregated(spoilt), false)
    assert.equal(isAggregated(Buffer.from('plain text, longer than twenty bytes')), false)
  })
})
