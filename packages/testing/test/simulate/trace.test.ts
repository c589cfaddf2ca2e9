import assert from 'node:assert/strict'
import { Trace } from '../../src/simulate/trace.ts'

function hashOf(...payloads: readonly unknown[]): string {
  const trace = new Trace()
  for (const payload of payloads) trace.add('line', payload)
  return trace.digest()
}

describe('Trace', () => {
  it('tells payloads apart that differ in one byte, type, place or name', () => {
    const different = [
      undefined,
      null,
      0,
      '0',
      0n,
      false,
      [],
      [[]],
      {},
      { a: undefined },
      { b: undefined },
      { a: '1', b: '2' },
      { a: '1;b="1:2' },
      ['ab', 'c'],
      ['a', 'bc'],
      new Uint8Array(3),
      new Uint8Array([0, 0, 1]),
      new Uint8Array(2000),
      new Uint8Array(2000).fill(1, 1999),
      new Date(1),
      new Date(2),
      new Error('one'),
      new Error('two'),
      new Map([['a', 1]]),
      new Set(['a']),
    ]
    const hashes = new Set(different.map((payload) => hashOf(payload)))
    assert.equal(hashes.size, different.length)
  })

  it('hashes by value', () => {
    const payload = () => ({
      Data: Buffer.from('bytes'),
      at: new Date(5),
      list: [1, 'x', { n: 2n }],
    })
    assert.equal(hashOf(payload(), 1), hashOf(payload(), 1))
    assert.notEqual(hashOf(payload(), 1), hashOf(1, payload()))
    assert.equal(hashOf(new Uint8Array([1, 2])), hashOf(Buffer.from([1, 2])))
  })

  it('prints payloads in short: no bytes, no long lists', () => {
    const lines: string[] = []
    const trace = new Trace((line) => lines.push(line))
    trace.add('plain')
    trace.add('call', {
      name: 'orders',
      Data: Buffer.from('secret'),
      list: new Array(9).fill(0),
      text: 'x'.repeat(81),
      big: 5n,
      error: new TypeError('bad'),
    })
    assert.deepEqual(lines, [
      'plain',
      `call {"name":"orders","Data":"<6 bytes>","list":"<9 items>","text":"${'x'.repeat(80)}...","big":"5n","error":"TypeError: bad"}`,
    ])
  })
})
