import assert from 'node:assert/strict'
import { limited, pacingOf } from '../../demo/pacing.ts'

const records = (count: number, bytes: number, key: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => ({ partitionKey: key(i), data: new Uint8Array(bytes) }))

describe('pacingOf', () => {
  it('puts 20,000 small records into 4 shards in 30 seconds', () => {
    const pacing = pacingOf(
      records(20_000, 90, (i) => `k${i % 200}`),
      undefined,
    )
    assert.deepEqual(pacing, { shards: 4, putMs: 30_000 })
  })

  it('gives fewer records less time, but enough for the programme', () => {
    assert.equal(pacingOf(records(10, 90, String), undefined).putMs, 12_000)
  })

  it('gives an input of many bytes more shards', () => {
    const { shards } = pacingOf(
      records(1000, 200_000, (i) => `k${i}`),
      undefined,
    )
    assert.ok(shards > 16, `${shards} shards`)
  })

  it('takes as long as the fullest shard needs', () => {
    const oneKey = records(400, 200_000, () => 'same')
    const { putMs } = pacingOf(oneKey, 8)
    const bytesPerSecond = (400 * 200_004) / (putMs / 1000)
    assert.ok(bytesPerSecond < 0.81 * 1024 * 1024, `${bytesPerSecond} bytes/s`)
  })
})

describe('limited', () => {
  it('cuts the input short, or takes it again and again', () => {
    assert.deepEqual(limited(['a', 'b'], undefined), ['a', 'b'])
    assert.deepEqual(limited(['a', 'b'], 1), ['a'])
    assert.deepEqual(limited(['a', 'b'], 5), ['a', 'b', 'a', 'b', 'a'])
  })
})
