import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import fc from 'fast-check'
import { acceptItem, copyItem } from '../../src/dynamo/accept-value.ts'
import { canonical, typeOf, valuesEqual } from '../../src/dynamo/attribute-value.ts'
import { checkItemSize, itemBytes } from '../../src/dynamo/item-size.ts'

type Value = dynamo.AttributeValue

const EVERY_TYPE: dynamo.Item = {
  text: { S: '' },
  number: { N: '1' },
  bytes: { B: Uint8Array.of(1, 2) },
  no: { BOOL: false },
  nothing: { NULL: true },
  texts: { SS: ['a', ''] },
  numbers: { NS: ['1', '2'] },
  byteSets: { BS: [Uint8Array.of(1), Uint8Array.of()] },
  list: { L: [{ B: Uint8Array.of(3) }, { L: [] }] },
  map: { M: { inner: { M: { SS: { SS: ['x'] } } } } },
}

describe('acceptItem', () => {
  it('takes every type', () => {
    assert.deepEqual(acceptItem(EVERY_TYPE), EVERY_TYPE)
  })

  for (const copy of [acceptItem, copyItem]) {
    it(`shares nothing that can be changed: ${copy.name}`, () => {
      const given = structuredClone(EVERY_TYPE)
      const copied = copy(given)
      given['bytes']?.B?.fill(9)
      given['list']?.L?.[0]?.B?.fill(9)
      given['byteSets']?.BS?.[0]?.fill(9)
      for (const grow of [given['texts']?.SS, given['numbers']?.NS, given['list']?.L]) {
        ;(grow as unknown[]).push('new')
      }
      Object.assign(given['map']?.M?.['inner']?.M ?? {}, { other: { S: 'new' } })
      Object.assign(given, { other: { S: 'new' } })
      assert.deepEqual(copied, EVERY_TYPE)
    })
  }

  const spelled: [string, string][] = [
    ['0', '0'],
    ['-0', '0'],
    ['+5', '5'],
    ['007', '7'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-1.50', '-1.5'],
    ['1e3', '1000'],
    ['1.0E-4', '0.0001'],
    ['120e-1', '12'],
    ['340282366920938463463374607431768211455', ''],
    ['34028236692093846346337460743176821145', '34028236692093846346337460743176821145'],
    ['1e125', `1${'0'.repeat(125)}`],
    ['1e-130', `0.${'0'.repeat(129)}1`],
    ['1e126', ''],
    ['1e-131', ''],
    ['', ''],
    [' 1', ''],
    ['1 ', ''],
    ['1,5', ''],
    ['0x10', ''],
    ['NaN', ''],
    ['Infinity', ''],
    ['1e', ''],
    ['.', ''],
    ['-', ''],
    ['1_000', ''],
    [`1${'0'.repeat(100)}`, `1${'0'.repeat(100)}`],
    [`0.${'0'.repeat(100)}1`, `0.${'0'.repeat(100)}1`],
    ['1e9999999999', ''],
  ]
  for (const [text, expected] of spelled) {
    it(`${expected === '' ? 'refuses' : 'takes'} the number ${JSON.stringify(text.slice(0, 45))}`, () => {
      if (expected === '') assert.throws(() => acceptItem({ a: { N: text } }))
      else assert.deepEqual(acceptItem({ a: { N: text } }), { a: { N: expected } })
    })
  }

  const refused: [string, Value, RegExp][] = [
    ['a value of no type', {}, /empty/],
    ['a value of two types', { S: 'a', BOOL: true }, /S, BOOL/],
    ['NULL that is false', { NULL: false }, /Null/],
    ['an empty set of text', { SS: [] }, /empty/],
    ['an empty set of numbers', { NS: [] }, /empty/],
    ['an empty set of bytes', { BS: [] }, /empty/],
    ['text twice in a set', { SS: ['a', 'b', 'a'] }, /duplicates/],
    ['a number twice in a set, in two spellings', { NS: ['1', '1.0'] }, /duplicates/],
    ['bytes twice in a set', { BS: [Uint8Array.of(1), Uint8Array.of(1)] }, /duplicates/],
    ['an empty set deep inside', { L: [{ M: { a: { SS: [] } } }] }, /empty/],
    ['a bad number in a set', { NS: ['1', 'x'] }, /"x"/],
  ]
  for (const [what, value, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => acceptItem({ a: value }), message)
    })
  }

  it('takes 32 levels of nesting, and no more', () => {
    const nested = (levels: number): Value =>
      levels === 0 ? { S: 'x' } : { L: [nested(levels - 1)] }
    acceptItem({ a: nested(32) })
    assert.throws(() => acceptItem({ a: nested(33) }), /Nesting/)
  })
})

describe('valuesEqual and canonical', () => {
  it('agree with each other and with the type, on any two values', () => {
    const { value } = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('', 'a', 'N').map((S): Value => ({ S })),
        fc.integer({ min: -2, max: 2 }).map((n): Value => ({ N: `${n}` })),
        fc.boolean().map((BOOL): Value => ({ BOOL })),
        fc.constantFrom<Value>({ NULL: true }, { B: Uint8Array.of(1) }, { L: [] }, { M: {} }),
        fc.subarray(['a', 'b'], { minLength: 1 }).map((SS): Value => ({ SS })),
        fc.array(tie('value'), { maxLength: 2 }).map((L): Value => ({ L })),
        fc.dictionary(fc.constantFrom('a', 'b'), tie('value')).map((M): Value => ({ M })),
      ),
    }))
    fc.assert(
      fc.property(value, value, (a, b) => {
        assert.ok(valuesEqual(a, structuredClone(a)))
        assert.equal(valuesEqual(a, b), valuesEqual(b, a))
        assert.equal(valuesEqual(a, b), canonical(a) === canonical(b))
        if (valuesEqual(a, b)) assert.equal(typeOf(a), typeOf(b))
      }),
    )
  })
})

describe('itemBytes', () => {
  it('counts names and values in UTF-8', () => {
    assert.equal(itemBytes({ a: { S: 'bc' } }), 3)
    assert.equal(itemBytes({ ä: { S: '€' } }), 5)
    assert.equal(itemBytes({ a: { B: new Uint8Array(10) }, b: { BOOL: true } }), 13)
    assert.equal(itemBytes({ a: { SS: ['b', 'cd'] }, b: { NULL: true } }), 6)
  })

  it('draws the line at 400 KB exactly', () => {
    const item = (bytes: number): dynamo.Item => ({ a: { S: 'x'.repeat(bytes - 1) } })
    checkItemSize(item(400 * 1024))
    assert.throws(() => checkItemSize(item(400 * 1024 + 1)), /409601/)
  })

  it('grows with every part of an item', () => {
    let last = 0
    const parts = Object.entries(EVERY_TYPE)
    for (let count = 1; count <= parts.length; count++) {
      const bytes = itemBytes(Object.fromEntries(parts.slice(0, count)))
      assert.ok(bytes > last, JSON.stringify(parts[count - 1]))
      last = bytes
    }
  })
})
