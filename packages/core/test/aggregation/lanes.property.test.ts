import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { AggregateKeys } from '../../src/aggregation/aggregate-keys.ts'
import { CanonicalCursor } from '../../src/aggregation/canonical-cursor.ts'
import { AggregateEncoder } from '../../src/aggregation/encoder.ts'
import type { DeaggregatedRecord } from '../../src/aggregation/index.ts'
import { deaggregate } from '../../src/aggregation/index.ts'
import { scanAggregate } from '../../src/aggregation/scan.ts'
import { aggregatedRecordType } from '../../src/aggregation/schema.ts'
import { SchemaCursor } from '../../src/aggregation/schema-cursor.ts'
import { field, hashKey, key, numberField, sealed } from './messages.ts'

const SEED = 20_261_125
const LEGAL = 10_000
const FUZZED = 20_000

/** mulberry32: small, seeded and good enough to pick shapes. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

type Pick = ReturnType<typeof seeded>

const KEYS = ['a', '10', '2', '__proto__', 'hasOwnProperty', 'é', '😀', '\0', 'k'.repeat(200), '']

function pickKey(pick: Pick): string {
  return pick(3) === 0 ? (KEYS[pick(KEYS.length)] as string) : `key-${pick(50)}`
}

function pickData(pick: Pick): Buffer {
  return Buffer.alloc(pick(8) === 0 ? pick(3000) : pick(40), pick(256))
}

/** What KPL would write: the fast lane's own domain. */
function canonical(pick: Pick): Buffer {
  const encoder = new AggregateEncoder()
  const count = 2 + pick(pick(20) === 0 ? 300 : 12)
  for (let i = 0; i < count; i++) {
    const text = pickKey(pick)
    const explicit = pick(3) === 0 ? String(pick(1000)) : undefined
    encoder.tryAdd(
      text,
      Buffer.byteLength(text),
      explicit,
      pickData(pick),
      Number.POSITIVE_INFINITY,
    )
  }
  return Buffer.from(encoder.encode())
}

/** Legal, but in an order and with fields that KPL never writes. */
function odd(pick: Pick): Buffer {
  const keys = Array.from({ length: 1 + pick(6) }, () => key(pickKey(pick)))
  const hashKeys = Array.from({ length: pick(4) }, () => hashKey(String(pick(1000))))
  const extra = (): Buffer =>
    [Buffer.alloc(0), field(15, 'unknown'), numberField(9, 300), Buffer.from('7d00000000', 'hex')][
      pick(4)
    ] as Buffer
  const records = Array.from({ length: 1 + pick(8) }, () => {
    const parts = [numberField(1, pick(keys.length)), field(3, pickData(pick)), extra()]
    if (hashKeys.length > 0 && pick(2) === 0) parts.push(numberField(2, pick(hashKeys.length)))
    if (pick(3) === 0) parts.push(field(4, Buffer.concat([field(1, 'tag'), extra()])))
    return field(3, Buffer.concat(shuffled(parts, pick)))
  })
  return sealed(...shuffled([...keys, ...hashKeys, ...records, extra()], pick))
}

function shuffled<T>(items: readonly T[], pick: Pick): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = pick(i + 1)
    const other = result[j] as T
    result[j] = result[i] as T
    result[i] = other
  }
  return result
}

interface Plain {
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  readonly data: string
}

function plain(records: Iterable<DeaggregatedRecord>): Plain[] {
  return Array.from(records, ({ partitionKey, explicitHashKey, data }) => ({
    partitionKey,
    explicitHashKey,
    data: Buffer.from(data).toString('latin1'),
  }))
}

/** protobufjs alone, on the whole message. */
function byProtobufjs(bytes: Buffer): Plain[] {
  const message = aggregatedRecordType().decode(bytes.subarray(4, -16)) as unknown as {
    partition_key_table: string[]
    explicit_hash_key_table: string[]
    records: {
      partition_key_index: number
      explicit_hash_key_index: number
      data: Uint8Array
    }[]
  }
  return message.records.map((each) => ({
    partitionKey: message.partition_key_table[Number(each.partition_key_index)],
    explicitHashKey: Object.hasOwn(each, 'explicit_hash_key_index')
      ? message.explicit_hash_key_table[Number(each.explicit_hash_key_index)]
      : undefined,
    data: Buffer.from(each.data).toString('latin1'),
  }))
}

function byLane(bytes: Buffer, Lane: typeof CanonicalCursor | typeof SchemaCursor): Plain[] {
  const layout = scanAggregate(bytes, 100_000)
  assert.ok(typeof layout === 'object', `not sound: ${layout}`)
  const origin = { sequenceNumber: '1', approximateArrivalTimestamp: undefined }
  const cursor = new Lane(bytes, layout, new AggregateKeys(bytes, layout, undefined), origin)
  return plain({ [Symbol.iterator]: () => cursor })
}

describe('the two lanes', () => {
  it(`decode ${LEGAL} legal aggregates as protobufjs does (seed ${SEED})`, () => {
    const pick = seeded(SEED)
    let canonicalSeen = 0
    for (let run = 0; run < LEGAL; run++) {
      const isCanonical = pick(2) === 0
      const bytes = isCanonical ? canonical(pick) : odd(pick)
      const expected = byProtobufjs(bytes)
      assert.deepEqual(byLane(bytes, SchemaCursor), expected, `run ${run}`)
      const layout = scanAggregate(bytes, 100_000)
      if (typeof layout === 'object' && layout.canonical) {
        canonicalSeen++
        assert.deepEqual(byLane(bytes, CanonicalCursor), expected, `run ${run}`)
      } else {
        assert.ok(!isCanonical, `run ${run}: KPL's own shape left the fast lane`)
      }
      assert.deepEqual(plain(deaggregate({ Data: bytes })), expected, `run ${run}`)
    }
    assert.ok(canonicalSeen > LEGAL / 3)
  })

  it(`account for every record of ${FUZZED} fuzzed inputs (seed ${SEED})`, () => {
    const pick = seeded(SEED + 1)
    const outcomes = new Map<string, number>()
    for (let run = 0; run < FUZZED; run++) {
      const bytes = fuzzed(pick)
      const records = deaggregate({ Data: bytes, PartitionKey: 'outer', SequenceNumber: '1' })
      const all = [...records]
      assert.equal(all.length, records.count, `run ${run}`)
      assert.ok(all.length > 0, `run ${run}`)
      if (records.aggregated) {
        assert.equal(records.malformed, undefined)
        all.forEach((each, i) => {
          assert.equal(typeof each.partitionKey, 'string', `run ${run}`)
          assert.equal(each.subSequenceNumber, i)
        })
        assert.deepEqual(plain(all), byProtobufjs(bytes), `run ${run}`)
      } else {
        assert.equal(all[0]?.data, bytes, `run ${run}`)
        assert.equal(all[0]?.partitionKey, 'outer')
      }
      const outcome = records.aggregated ? 'aggregated' : (records.malformed ?? 'plain')
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    // A fuzzer that stops reaching a rule proves nothing about it.
    const expected =
      'aggregated plain checksum truncated varint group wire-type field key-index utf8 hash-key empty'
    for (const outcome of expected.split(' ')) {
      assert.ok(
        (outcomes.get(outcome) ?? 0) > 10,
        `${outcome}: ${outcomes.get(outcome) ?? 0} times`,
      )
    }
  })
})

/** An aggregate with some bytes changed, cut, added or repeated; most get a checksum that holds. */
function fuzzed(pick: Pick): Buffer {
  const source = pick(2) === 0 ? canonical(pick) : odd(pick)
  const body = Buffer.from(source.subarray(4, -16).subarray(0, 400))
  let message = body
  const kind = pick(9)
  if (kind === 0) message = body.subarray(0, pick(body.length))
  else if (kind === 1) message = Buffer.concat([body, Buffer.alloc(1 + pick(20), pick(256))])
  else if (kind === 2) message = Buffer.concat([body, key('k'), key('l')])
  else if (kind === 3) message = Buffer.concat([body.subarray(pick(body.length)), body])
  else if (kind === 4) message = Buffer.alloc(pick(60), pick(256))
  else {
    for (let i = 1 + pick(3); i > 0 && message.length > 0; i--)
      message[pick(message.length)] = pick(256)
  }
  const checksum = createHash('md5').update(message).digest()
  if (pick(20) === 0) checksum[pick(16)] = 0
  return Buffer.concat([source.subarray(0, 4), message, checksum])
}
