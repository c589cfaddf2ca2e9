import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { DIGEST_BYTES } from '../../src/md5-lanes/lane.ts'
import { Md5Lanes } from '../../src/md5-lanes/md5-lanes.ts'

const lanes = new Md5Lanes()

/** What it has is not enumerable. */
function allOf(object: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.getOwnPropertyNames(object).map((name) => [name, Reflect.get(object, name)]),
  )
}

function assertDigests(messages: readonly Uint8Array[]): void {
  const digests = new Uint8Array(messages.length * DIGEST_BYTES)
  lanes.digestsOf(messages, digests)
  for (const [i, message] of messages.entries()) {
    const digest = digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES)
    const expected = createHash('md5').update(message).digest()
    assert.deepEqual(Buffer.from(digest), expected, `message ${i} of ${message.length} bytes`)
  }
}

describe('Md5Lanes', () => {
  it('agrees with node:crypto at every length around the borders of blocks and windows', () => {
    for (const border of [0, 64, 128, 4096, 8192]) {
      const lengths = Array.from({ length: 140 }, (_, i) => border + i - 70)
      assertDigests(lengths.filter((length) => length >= 0).map((length) => randomBytes(length)))
    }
  })

  it('takes any number of messages, and none', () => {
    for (let count = 0; count <= 25; count++) {
      assertDigests(Array.from({ length: count }, () => randomBytes(5000)))
    }
  })

  it('agrees with node:crypto on messages of any lengths side by side', () => {
    const message = fc.nat({ max: 20_000 }).map((length) => randomBytes(length))
    fc.assert(fc.property(fc.array(message, { maxLength: 20 }), assertDigests), { numRuns: 300 })
  })

  it('reads views that begin anywhere in their buffer', () => {
    const bytes = randomBytes(10_000)
    assertDigests([1, 2, 3, 5, 17].map((start) => bytes.subarray(start, 9_000 + start)))
  })

  it('cannot be had where WebAssembly computes something else', () => {
    const { WebAssembly: given } = globalThis as unknown as {
      WebAssembly: { Instance: new (module: unknown, imports: unknown) => object }
    }
    const Instance = class {
      readonly exports = { run: () => {} }
    }
    Object.assign(globalThis, { WebAssembly: { ...allOf(given), Instance } })
    try {
      assert.equal(Md5Lanes.create(), undefined)
    } finally {
      Object.assign(globalThis, { WebAssembly: given })
    }
  })

  it('cannot be had without WebAssembly', () => {
    const { WebAssembly } = globalThis as { WebAssembly?: unknown }
    Reflect.deleteProperty(globalThis, 'WebAssembly')
    try {
      assert.equal(Md5Lanes.create(), undefined)
    } finally {
      Object.assign(globalThis, { WebAssembly })
    }
    assert.ok(Md5Lanes.create())
  })
})
