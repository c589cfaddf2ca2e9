import assert from 'node:assert/strict'
import { BodyBuffers } from '../../src/adapters/body-buffers.ts'

const MIB = 1024 * 1024

describe('BodyBuffers', () => {
  let buffers: BodyBuffers
  beforeEach(() => {
    buffers = new BodyBuffers()
  })

  it('hands out what was given back, and to one taker only', () => {
    const first = buffers.take(10)
    buffers.give(first)
    assert.equal(buffers.take(10), first)
    assert.notEqual(buffers.take(10), first)
  })

  it('hands out what is large enough', () => {
    for (const bytes of [0, 1, 65_536, 65_537, 5 * MIB]) {
      assert.ok(buffers.take(bytes).length >= bytes)
    }
    const [small, large] = [buffers.take(1), buffers.take(MIB)]
    buffers.give(large)
    buffers.give(small)
    assert.equal(buffers.take(MIB), large)
  })

  it('fits requests of nearly one size to each other', () => {
    const first = buffers.take(5 * MIB - 7000)
    buffers.give(first)
    assert.equal(buffers.take(5 * MIB - 6000), first)
  })

  it('keeps 32 MiB at most', () => {
    const given: Buffer[] = Array.from({ length: 5 }, () => Buffer.allocUnsafeSlow(10 * MIB))
    for (const buffer of given) buffers.give(buffer)
    const taken = given.map(() => buffers.take(MIB))
    assert.equal(taken.filter((buffer) => given.includes(buffer)).length, 3)
    // What is taken counts no more.
    buffers.give(given[0] as Buffer)
    assert.equal(buffers.take(MIB), given[0])
  })

  it('lets small buffers go when large ones are wanted', () => {
    for (let i = 0; i < 4; i++) buffers.give(Buffer.allocUnsafeSlow(8 * MIB))
    for (let i = 0; i < 4; i++) buffers.give(buffers.take(10 * MIB))
    const large = buffers.take(10 * MIB)
    buffers.give(large)
    assert.equal(buffers.take(10 * MIB), large)
  })
})
