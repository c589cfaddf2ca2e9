import assert from 'node:assert/strict'
import { cbor } from '@smithy/core/cbor'
import fc from 'fast-check'
import { cborFormat } from '../../src/http/cbor-format.ts'

describe('cborFormat', () => {
  it('brings any bytes and any time to the millisecond back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.integer({ min: 0, max: 4_102_444_800_000 }),
        (bytes, epochMs) => {
          const written = cborFormat.write({ list: [{ Data: bytes, At: new Date(epochMs) }] })
          const tree = cborFormat.parse(Buffer.from(written)) as {
            list: { Data: unknown; At: unknown }[]
          }
          const data = cborFormat.bytes(tree.list[0]?.Data)
          assert.ok(data !== undefined && Buffer.compare(data, bytes) === 0)
          assert.equal(cborFormat.timestamp(tree.list[0]?.At)?.getTime(), epochMs)
        },
      ),
    )
  })

  it('writes what another reader reads alike', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const written = cborFormat.write({ value }) as Buffer
        // -0 is an integer to us, as JSON has it.
        assert.deepEqual(
          JSON.parse(JSON.stringify(cbor.deserialize(written))),
          JSON.parse(JSON.stringify({ value })),
        )
      }),
    )
  })

  it('leaves out members without a value, and keeps null', () => {
    const written = cborFormat.write({ a: undefined, b: null, c: [1] }) as Buffer
    assert.deepEqual(cborFormat.parse(written), { b: null, c: [1] })
  })

  it('reads what Java writes: maps, lists and texts without a length', () => {
    const body = Buffer.concat([
      Buffer.from([0xbf]),
      text('StreamName'),
      Buffer.concat([Buffer.from([0x7f]), text('or'), text('ders'), Buffer.from([0xff])]),
      text('Timestamp'),
      Buffer.from([0xc1, 0x1b, 0, 0, 0x01, 0x9a, 0, 0, 0, 0]),
      text('Records'),
      Buffer.from([0x9f, 0xbf]),
      text('Data'),
      Buffer.from([0x43, 1, 2, 3]),
      Buffer.from([0xff, 0xff, 0xff]),
    ])
    assert.deepEqual(cborFormat.parse(body), {
      StreamName: 'orders',
      Timestamp: new Date(0x019a_0000_0000),
      Records: [{ Data: Buffer.from([1, 2, 3]) }],
    })
  })

  it('hands out bytes that do not change with the body', () => {
    const body = cborFormat.write({ Data: Buffer.from('hello') }) as Buffer
    const tree = cborFormat.parse(body) as { Data: unknown }
    const data = cborFormat.bytes(tree.Data)
    body.fill(0)
    assert.equal(Buffer.from(data ?? []).toString(), 'hello')
  })

  for (const leaf of ['aGVsbG8=', 5, null, {}]) {
    it(`takes ${JSON.stringify(leaf)} for no bytes`, () => {
      assert.equal(cborFormat.bytes(leaf), undefined)
    })
  }

  it('takes a number without a tag for no time', () => {
    assert.equal(cborFormat.timestamp(1_700_000_000_000), undefined)
  })

  it('does not quote a body that it cannot read', () => {
    for (const body of ['{"Data":CANARY', '\u00bfCANARY']) {
      assert.throws(
        () => cborFormat.parse(Buffer.from(body)),
        (error: Error) => !error.message.includes('CANARY') && 'awsName' in error,
      )
    }
  })

  it('takes an empty body for no members', () => {
    assert.deepEqual(cborFormat.parse(Buffer.alloc(0)), {})
  })
})

function text(value: string): Buffer {
  return Buffer.from(cbor.serialize(value))
}
