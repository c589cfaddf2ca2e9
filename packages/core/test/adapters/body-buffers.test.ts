import assert from 'node:assert/strict'
import { BodyBuffers } from '../../src/adapters/body-buffers.ts'

const MIB = 1024 * 1024

describe('BodyBuffers', () => {
  it('hands out what was given back, and to one taker only', () => {
    const buffers = new BodyBuffers()
    const first = buffers.take()
    buffers.give(first)
    assert.equal(buffers.take(), first)
    assert.notEqual(buffers.take(), first)
  })

  it('keeps 32 MiB at most', () => {
    const buffers = new BodyBuffers()
    const given: Buffer[] = Array.from({ length: 5 }, () => Buffer.allocUnsafeSlow(10 * MIB))
    for (const buffer of given) buffers.give(buffer)
    const taken = Array.from({ length: 5 }, () => buffers.take())
    assert.equal(taken.filter((buffer) => given.includes(buffer)).length, 3)
    // What is taken counts no more.
    buffers.give(given[0] as Buffer)
    assert.equal(buffers.take(), given[0])
  })
})
