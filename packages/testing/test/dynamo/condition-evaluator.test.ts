import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import fc from 'fast-check'
import { acceptItem } from '../../src/dynamo/accept-value.ts'
import { holds } from '../../src/dynamo/condition-evaluator.ts'
import { parseCondition } from '../../src/dynamo/condition-parser.ts'
import { Placeholders } from '../../src/dynamo/placeholders.ts'

type Value = dynamo.AttributeValue

/** Whether a condition on `a`, `b` and the values holds. */
function judged(text: string, item: dynamo.Item, values: readonly Value[] = []): boolean {
  const named = values.map((value, i) => [`:${i}`, value] as const)
  const input = values.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(named) }
  const condition = parseCondition('ConditionExpression', text, new Placeholders(input))
  return holds(condition, acceptItem(item))
}

const number = fc
  .tuple(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom('', '.0', '.5', 'e2', 'E-3'))
  .map(([whole, rest]): Value => ({ N: `${whole}${rest}` }))
const text = fc.string({ maxLength: 3, unit: 'grapheme' }).map((S): Value => ({ S }))
const bytes = fc.uint8Array({ maxLength: 3 }).map((B): Value => ({ B }))
const ordered = fc.oneof(number, text, bytes)
const value = fc.oneof(
  ordered,
  fc.boolean().map((BOOL): Value => ({ BOOL })),
  fc.constant<Value>({ NULL: true }),
  fc.uniqueArray(fc.string({ maxLength: 2 }), { minLength: 1, maxLength: 3 }).map((SS) => ({ SS })),
  fc.array(number, { maxLength: 2 }).map((L): Value => ({ L })),
)
const attribute = fc.option(value, { nil: undefined })

function itemOf(a: Value | undefined, b?: Value): dynamo.Item {
  return { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) }
}

describe('holds', () => {
  const table: [string, Value | undefined, Value[], boolean][] = [
    ['a = :0', { N: '10' }, [{ N: '1e1' }], true],
    ['a = :0', { N: '-0' }, [{ N: '0' }], true],
    ['a < :0', { N: '9' }, [{ N: '10' }], true],
    ['a < :0', { S: '9' }, [{ S: '10' }], false],
    ['a < :0', { S: '9' }, [{ N: '10' }], false],
    ['a >= :0', { S: '9' }, [{ N: '10' }], false],
    ['a < :0', { S: 'Z' }, [{ S: 'a' }], true],
    // UTF-8 order, which is not that of UTF-16: a surrogate pair comes after U+FFFF.
    ['a < :0', { S: '\uffff' }, [{ S: '\u{1f600}' }], true],
    ['a < :0', { B: Uint8Array.of(1) }, [{ B: Uint8Array.of(1, 0) }], true],
    ['a < :0', { B: Uint8Array.of(127) }, [{ B: Uint8Array.of(128) }], true],
    ['a = :0', { SS: ['x', 'y'] }, [{ SS: ['y', 'x'] }], true],
    ['a = :0', { SS: ['x'] }, [{ L: [{ S: 'x' }] }], false],
    ['a = :0', { NS: ['1', '2'] }, [{ NS: ['2.0', '1'] }], true],
    [
      'a = :0',
      { M: { x: { N: '1' }, y: { S: '' } } },
      [{ M: { y: { S: '' }, x: { N: '1.0' } } }],
      true,
    ],
    ['a = :0', { L: [{ S: 'x' }, { S: 'y' }] }, [{ L: [{ S: 'y' }, { S: 'x' }] }], false],
    ['a <> :0', undefined, [{ S: '' }], true],
    ['NOT a = :0', undefined, [{ S: '' }], true],
    ['a IN (:0)', undefined, [{ S: '' }], false],
    ['a BETWEEN :0 AND :1', { N: '5' }, [{ N: '5' }, { N: '5' }], true],
    ['a BETWEEN :0 AND :1', undefined, [{ N: '5' }, { N: '5' }], false],
    ['begins_with(a, :0)', { S: 'shard-1' }, [{ S: 'shard' }], true],
    ['begins_with(a, :0)', { B: Uint8Array.of(1, 2) }, [{ B: Uint8Array.of(1) }], true],
    ['begins_with(a, :0)', { B: Uint8Array.of(1, 2) }, [{ S: 'x' }], false],
    ['contains(a, :0)', { S: 'shard-1' }, [{ S: 'rd-' }], true],
    ['contains(a, :0)', { SS: ['shard-1'] }, [{ S: 'shard' }], false],
    ['contains(a, :0)', { NS: ['1', '2'] }, [{ N: '2.0' }], true],
    ['contains(a, :0)', { BS: [Uint8Array.of(1)] }, [{ B: Uint8Array.of(1) }], true],
    ['contains(a, :0)', { L: [{ SS: ['x'] }] }, [{ SS: ['x'] }], true],
    ['contains(a, :0)', { N: '12' }, [{ N: '1' }], false],
    ['attribute_exists(a)', { NULL: true }, [], true],
    ['attribute_exists(toString)', undefined, [], false],
    ['attribute_not_exists(a)', undefined, [], true],
  ]
  for (const [condition, a, values, expected] of table) {
    it(`${condition} is ${expected} of ${JSON.stringify(a)} and ${JSON.stringify(values)}`, () => {
      assert.equal(judged(condition, itemOf(a), values), expected)
    })
  }

  it('orders numbers as JavaScript does, where that is exact', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        assert.equal(judged('a < b', { a, b }), Number(a.N) < Number(b.N))
        assert.equal(judged('a = b', { a, b }), Number(a.N) === Number(b.N))
        assert.equal(judged('a >= b', { a, b }), Number(a.N) >= Number(b.N))
      }),
    )
  })

  it('orders any two values of one ordered type in exactly one way', () => {
    const pairs = fc.oneof(fc.tuple(number, number), fc.tuple(text, text), fc.tuple(bytes, bytes))
    fc.assert(
      fc.property(pairs, ([a, b]) => {
        const found = ['<', '=', '>'].filter((sign) => judged(`a ${sign} b`, { a, b }))
        assert.equal(found.length, 1)
        assert.equal(judged('b < a', { a, b }), found[0] === '>')
      }),
    )
  })

  it('means by BETWEEN, IN and <> what comparisons mean', () => {
    fc.assert(
      fc.property(attribute, ordered, ordered, value, (a, low, high, other) => {
        const item = itemOf(a)
        const bounds = [low, high]
        let between: boolean
        try {
          between = judged('a BETWEEN :0 AND :1', item, bounds)
        } catch {
          return // bounds of two types, or in the wrong order
        }
        assert.equal(between, judged('a >= :0 AND a <= :1', item, bounds))
        const choices = [low, other]
        assert.equal(
          judged('a IN (:0, :1)', item, choices),
          judged('a = :0 OR a = :1', item, choices),
        )
        assert.notEqual(judged('a <> :0', item, [other]), judged('a = :0', item, [other]))
      }),
    )
  })

  it('keeps the laws of De Morgan', () => {
    const test = fc.constantFrom(
      'attribute_exists(a)',
      'a = :0',
      'a <> b',
      'contains(b, :0)',
      'a IN (:0, b)',
    )
    fc.assert(
      fc.property(attribute, attribute, value, test, test, (a, b, given, left, right) => {
        const item = itemOf(a, b)
        const ask = (condition: string): boolean =>
          judged(condition, item, condition.includes(':0') ? [given] : [])
        assert.equal(ask(`NOT (${left} AND ${right})`), ask(`NOT ${left} OR NOT ${right}`))
        assert.equal(ask(`NOT (${left} OR ${right})`), ask(`NOT ${left} AND NOT ${right}`))
        assert.equal(ask(left), !ask(`NOT ${left}`))
      }),
    )
  })
})
