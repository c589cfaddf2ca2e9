import assert from 'node:assert/strict'
import { KeyMemory } from '../../src/aggregation/key-memory.ts'
import { newHashWords } from '../../src/hash-words.ts'

function at(memory: KeyMemory, key: string): { slot: number; text: string | undefined } {
  const bytes = Buffer.from(`..${key}..`)
  const slot = memory.slotOf(bytes, 2, 2 + key.length)
  return { slot, text: slot < 0 ? undefined : memory.textAt(slot, bytes, 2, 2 + key.length) }
}

function words(...values: number[]): Uint32Array {
  return Uint32Array.from(values)
}

describe('KeyMemory', () => {
  it('knows a key by its bytes, wherever they lie', () => {
    const memory = new KeyMemory()
    const { slot, text } = at(memory, 'some-key')
    assert.equal(text, undefined)
    memory.keep(slot, 'some-key')
    assert.equal(at(memory, 'some-key').text, 'some-key')
  })

  it('takes no key for another, whatever slot it falls into', () => {
    const memory = new KeyMemory()
    for (let i = 0; i < 60_000; i++) {
      const key = `key-${(i * 7919) % 50_000}`
      const { slot, text } = at(memory, key)
      if (slot < 0) continue
      if (text === undefined) memory.keep(slot, key)
      else assert.equal(text, key)
    }
  })

  it('keeps the hash of the key that is kept, and of no other', () => {
    const memory = new KeyMemory()
    const { slot } = at(memory, 'some-key')
    const found = newHashWords()
    memory.keep(slot, 'some-key')
    assert.equal(memory.hashAt(slot, 'some-key', found), false)
    memory.keepHash(slot, 'some-key', words(1, 2, 3, 4))
    assert.equal(memory.hashAt(slot, 'some-key', found), true)
    assert.deepEqual(found, words(1, 2, 3, 4))
    memory.keep(slot, 'other')
    memory.keepHash(slot, 'some-key', words(5, 6, 7, 8))
    assert.equal(memory.hashAt(slot, 'some-key', found), false)
    assert.equal(memory.hashAt(slot, 'other', found), false)
  })

  it('does not look for keys that are very short or long', () => {
    const memory = new KeyMemory()
    for (const key of ['', 'abc', 'k'.repeat(65)]) assert.equal(at(memory, key).slot, -1)
    for (const key of ['abcd', 'k'.repeat(64)]) assert.ok(at(memory, key).slot >= 0)
  })

  it('gives looking up for a while where no key comes again', () => {
    const memory = new KeyMemory()
    let looked = 0
    for (let i = 0; i < 300_000; i++) {
      const key = `unique-${i}`
      const { slot } = at(memory, key)
      if (slot < 0) continue
      looked++
      memory.keep(slot, key)
    }
    assert.ok(looked > 8000 && looked < 60_000, `${looked}`)
  })

  it('goes on looking where keys come again', () => {
    const memory = new KeyMemory()
    let found = 0
    for (let i = 0; i < 50_000; i++) {
      const key = `key-${i % 500}`
      const { slot, text } = at(memory, key)
      assert.ok(slot >= 0)
      if (text === undefined) memory.keep(slot, key)
      else found++
    }
    assert.ok(found > 40_000)
  })
})
