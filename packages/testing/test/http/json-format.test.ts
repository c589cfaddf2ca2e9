import assert from 'node:assert/strict'
import fc from 'fast-check'
import { jsonFormat } from '../../src/http/json-format.ts'

describe('jsonFormat', () => {
  it('brings any bytes and any time to the millisecond back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.integer({ min: 0, max: 4_102_444_800_000 }),
        (bytes, epochMs) => {
          const written = jsonFormat.write({ list: [{ Data: bytes, At: new Date(epochMs) }] })
          const tree = jsonFormat.parse(Buffer.from(written)) as {
            list: { Data: unknown; At: unknown }[]
          }
          const data = jsonFormat.bytes(tree.list[0]?.Data)
          assert.ok(data !== undefined && Buffer.compare(data, bytes) === 0)
          assert.equal(jsonFormat.timestamp(tree.list[0]?.At)?.getTime(), epochMs)
        },
      ),
    )
  })

  it('writes a view of a buffer, not the whole buffer', () => {
    const view = Buffer.from('xxhelloxx').subarray(2, 7)
    assert.equal(jsonFormat.write({ Data: view }), '{"Data":"aGVsbG8="}')
  })

  for (const leaf of ['not base64!', 'aGVsbG8*', 5, null, {}]) {
    it(`takes ${JSON.stringify(leaf)} for no bytes`, () => {
      assert.equal(jsonFormat.bytes(leaf), undefined)
    })
  }

  for (const leaf of ['2026-01-01', Number.NaN, 1e300, null]) {
    it(`takes ${String(leaf)} for no time`, () => {
      assert.equal(jsonFormat.timestamp(leaf), undefined)
    })
  }

  it('does not quote a body that it cannot read', () => {
    assert.throws(
      () => jsonFormat.parse(Buffer.from('{"Data":CANARY')),
      (error: Error) => !error.message.includes('CANARY'),
    )
  })
})
