import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type * as Checksums from '../../src/aggregation/checksums.ts'
import {
  checksumHolds,
  sealAggregates,
  whichChecksumsHold,
} from '../../src/aggregation/checksums.ts'
import { AggregateEncoder } from '../../src/aggregation/encoder.ts'

const COUNT = 19

function unsealed(): Buffer[] {
  return Array.from({ length: COUNT }, (_, i) => {
    const encoder = new AggregateEncoder()
    for (let k = 0; k < 2 + i; k++) {
      encoder.tryAdd(`key ${k}`, 5, undefined, randomBytes(100 * i), Number.MAX_SAFE_INTEGER)
    }
    return Buffer.from(encoder.encodeInto(Buffer.alloc(encoder.bytes)))
  })
}

describe('sealAggregates', () => {
  it('gives each aggregate the checksum that it gives one alone', () => {
    const [together, alone] = [unsealed(), [] as Buffer[]]
    for (const aggregate of together) alone.push(Buffer.from(aggregate))
    sealAggregates(together)
    for (const aggregate of alone) sealAggregates([aggregate])
    assert.deepEqual(together, alone)
    assert.ok(together.every(checksumHolds))
    sealAggregates([])
  })

  it('does so where WebAssembly cannot be had, and tries to get it once', async () => {
    const { WebAssembly } = globalThis as { WebAssembly?: unknown }
    const without = `../../src/aggregation/checksums.ts?without`
    const module = (await import(without)) as typeof Checksums
    const aggregates = unsealed()
    let tries = 0
    class Memory {
      constructor() {
        tries++
        throw new RangeError('no address space')
      }
    }
    Object.assign(globalThis, { WebAssembly: { Memory } })
    try {
      for (let times = 0; times < 3; times++) module.sealAggregates(aggregates)
    } finally {
      Object.assign(globalThis, { WebAssembly })
    }
    assert.ok(aggregates.every(checksumHolds))
    assert.equal(tries, 1)
  })
})

describe('whichChecksumsHold', () => {
  it('finds the one that does not hold, wherever it is and whatever byte is wrong', () => {
    const aggregates = unsealed()
    sealAggregates(aggregates)
    assert.deepEqual(whichChecksumsHold(aggregates), new Array(COUNT).fill(true))
    for (const [i, aggregate] of aggregates.entries()) {
      const at = 4 + ((i * 37) % (aggregate.length - 4))
      for (const wrongAt of [at, aggregate.length - 16, aggregate.length - 1]) {
        aggregate[wrongAt] = (aggregate[wrongAt] as number) ^ 1
        const expected = aggregates.map((_, other) => other !== i)
        assert.deepEqual(whichChecksumsHold(aggregates), expected)
        assert.equal(checksumHolds(aggregate), false)
        aggregate[wrongAt] = (aggregate[wrongAt] as number) ^ 1
      }
    }
  })
})
