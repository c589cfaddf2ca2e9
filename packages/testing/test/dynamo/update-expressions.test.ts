import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import fc from 'fast-check'
import { acceptItem } from '../../src/dynamo/accept-value.ts'
import { Placeholders } from '../../src/dynamo/placeholders.ts'
import { DynamoRefusal } from '../../src/dynamo/refusal.ts'
import { updated } from '../../src/dynamo/update-evaluator.ts'
import { parseUpdate } from '../../src/dynamo/update-parser.ts'

const VALUES: dynamo.Item = {
  ':one': { N: '1' },
  ':half': { N: '0.5' },
  ':x': { S: 'x' },
  ':xy': { SS: ['x', 'y'] },
  ':ns': { NS: ['1.0', '2'] },
  ':bs': { BS: [Uint8Array.of(1)] },
  ':list': { L: [{ S: 'x' }] },
  ':map': { M: { inner: { N: '1' } } },
  ':bytes': { B: Uint8Array.of(1) },
}

function after(before: dynamo.Item, text: string, values = VALUES): dynamo.Item {
  const input = {
    ExpressionAttributeNames: { '#a': 'a', '#data': 'data' },
    ExpressionAttributeValues: values,
  }
  return updated(acceptItem(before), parseUpdate(text, new Placeholders(input)))
}

function refusal(before: dynamo.Item, text: string): string {
  try {
    after(before, text)
  } catch (cause) {
    assert.ok(cause instanceof DynamoRefusal, String(cause))
    assert.equal(cause.awsName, 'ValidationException')
    return cause.message
  }
  assert.fail(`${text} was taken`)
}

const N = (text: string): dynamo.AttributeValue => ({ N: text })

describe('parseUpdate and updated', () => {
  const table: [string, dynamo.Item, dynamo.Item][] = [
    ['SET a = :x', {}, { a: { S: 'x' } }],
    ['SET a = :x, #data = b', { b: N('1') }, { a: { S: 'x' }, b: N('1'), data: N('1') }],
    ['SET a = b, b = a', { a: N('1'), b: N('2') }, { a: N('2'), b: N('1') }],
    ['SET a = a + :one, b = a', { a: N('1') }, { a: N('2'), b: N('1') }],
    ['SET a = a - :half', { a: N('0') }, { a: N('-0.5') }],
    ['SET a = :one - a', { a: N('1') }, { a: N('0') }],
    ['SET a = :one + :half', {}, { a: N('1.5') }],
    ['SET a = if_not_exists(a, :one)', {}, { a: N('1') }],
    ['SET a = if_not_exists(a, :one)', { a: { NULL: true } }, { a: { NULL: true } }],
    ['SET a = if_not_exists(a, :one) + :one', {}, { a: N('2') }],
    ['SET a = if_not_exists(b, if_not_exists(c, :x))', { c: N('3') }, { a: N('3'), c: N('3') }],
    ['SET a = list_append(a, :list)', { a: { L: [N('1')] } }, { a: { L: [N('1'), { S: 'x' }] } }],
    [
      'SET a = list_append(if_not_exists(a, :list), :list)',
      {},
      { a: { L: [{ S: 'x' }, { S: 'x' }] } },
    ],
    ['REMOVE a, absent', { a: N('1'), b: N('2') }, { b: N('2') }],
    ['ADD a :one', {}, { a: N('1') }],
    ['ADD a :one', { a: N('-1') }, { a: N('0') }],
    ['ADD a :half', { a: N('0.25') }, { a: N('0.75') }],
    ['ADD a :xy', { a: { SS: ['y', 'z'] } }, { a: { SS: ['y', 'z', 'x'] } }],
    ['ADD a :ns', { a: { NS: ['1'] } }, { a: { NS: ['1', '2'] } }],
    [
      'ADD a :bs',
      { a: { BS: [Uint8Array.of(2)] } },
      { a: { BS: [Uint8Array.of(2), Uint8Array.of(1)] } },
    ],
    ['DELETE a :xy', { a: { SS: ['y', 'z'] } }, { a: { SS: ['z'] } }],
    ['DELETE a :xy', { a: { SS: ['y', 'x'] } }, {}],
    ['DELETE a :xy', {}, {}],
    ['DELETE a :ns', { a: { NS: ['1', '3'] } }, { a: { NS: ['3'] } }],
    ['DELETE a :bs', { a: { BS: [Uint8Array.of(1)] } }, {}],
    [
      'ADD a :one SET b = a REMOVE c DELETE d :xy',
      { a: N('1'), c: N('1'), d: { SS: ['x'] } },
      { a: N('2'), b: N('1') },
    ],
    ['set #a=:x remove b', { b: N('1') }, { a: { S: 'x' } }],
    ['SET toString = :one', {}, { toString: N('1') }],
  ]
  for (const [text, before, expected] of table) {
    it(`${text} makes ${JSON.stringify(expected)} of ${JSON.stringify(before)}`, () => {
      const given = structuredClone(before)
      assert.deepEqual(after(before, text), expected)
      assert.deepEqual(before, given)
    })
  }

  it('keeps an attribute named __proto__ an attribute', () => {
    const text = 'SET #p = :one'
    const input = {
      ExpressionAttributeNames: { '#p': '__proto__' },
      ExpressionAttributeValues: { ':one': N('1') },
    }
    const item = updated({}, parseUpdate(text, new Placeholders(input)))
    assert.deepEqual(Object.entries(item), [['__proto__', N('1')]])
    assert.equal(Object.getPrototypeOf(item), Object.prototype)
  })

  const ITEM: dynamo.Item = { n: N('1'), s: { S: 'x' }, tags: { SS: ['x'] }, l: { L: [] } }
  /** Text, and what its refusal must show. */
  const refused: [string, string | RegExp][] = [
    ['', 'empty'],
    ['n = :one', '"n"'],
    ['PUT n = :one', '"PUT"'],
    ['put n = :one', '"put"'],
    ['SET', '<EOF>'],
    ['SET n', '<EOF>'],
    ['SET n = ', '<EOF>'],
    ['SET n = :one,', '<EOF>'],
    ['SET n = :one s = :x', '"s"'],
    ['SET n = :one + ', '<EOF>'],
    ['SET n = :one + :one + :one', '"+"'],
    ['SET n = (:one)', '"("'],
    ['SET :one = n', ':one'],
    ['SET n = :one SET s = :x', /"SET" section.*once/],
    ['SET n = :absent', ':absent'],
    ['SET #absent = :one', '#absent'],
    ['SET owner = :one', 'owner'],
    ['SET n.inner = :one', 'n.inner'],
    ['SET l[0] = :one', 'l[0]'],
    ['SET n = size(s)', 'size'],
    ['SET n = IF_NOT_EXISTS(n, :one)', 'IF_NOT_EXISTS'],
    ['SET n = if_not_exists(:one, :one)', ':one'],
    ['SET n = :one, n = :half', /overlap.*\[n\]/],
    ['SET n = :one REMOVE n', /overlap.*\[n\]/],
    ['ADD n :one DELETE n :xy', /overlap.*\[n\]/],
    ['SET #a = :one REMOVE a', /overlap.*\[a\]/],
    ['SET n = absent', /does not exist.*absent/],
    ['SET n = absent + :one', /does not exist.*absent/],
    ['SET n = list_append(absent, :list)', /does not exist.*absent/],
    ['SET n = s + :one', 'incorrect data type'],
    ['SET n = n + :x', /operator: \+.*operand type: S/],
    ['SET n = :x - n', /operator: -.*operand type: S/],
    ['SET n = list_append(l, :one)', /list_append.*operand type: N/],
    ['SET n = list_append(n, :list)', 'incorrect data type'],
    ['REMOVE n = :one', '"="'],
    ['ADD n = :one', '"="'],
    ['ADD n s', '"s"'],
    ['ADD n :x', /ADD.*operand type: S/],
    ['ADD n :list', /ADD.*operand type: L/],
    ['ADD n :bytes', /ADD.*operand type: B/],
    ['ADD s :one', 'incorrect data type'],
    ['ADD n :xy', 'incorrect data type'],
    ['ADD tags :ns', 'incorrect data type'],
    ['DELETE n :one', /DELETE.*operand type: N/],
    ['DELETE tags :x', /DELETE.*operand type: S/],
    ['DELETE tags :ns', 'incorrect data type'],
    ['DELETE n :xy', 'incorrect data type'],
  ]
  for (const [text, shown] of refused) {
    it(`refuses ${JSON.stringify(text)} and shows ${shown}`, () => {
      const message = refusal(ITEM, text)
      if (typeof shown === 'string') assert.ok(message.includes(shown), message)
      else assert.match(message, shown)
    })
  }

  it('counts as integers do, however many updates it takes', () => {
    const steps = fc.array(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), { maxLength: 20 })
    fc.assert(
      fc.property(steps, (all) => {
        let item: dynamo.Item = {}
        let sum = 0n
        for (const [i, step] of all.entries()) {
          const values = { ':step': N(`${step}`) }
          const zero = { ':zero': N('0') }
          item =
            i % 2 === 0
              ? after(item, 'ADD n :step', values)
              : after(item, 'SET n = if_not_exists(n, :zero) + :step', { ...values, ...zero })
          sum += step
        }
        assert.deepEqual(item, all.length === 0 ? {} : { n: N(`${sum}`) })
      }),
    )
  })

  it('grows and shrinks sets as sets do', () => {
    const members = fc.subarray(['a', 'b', 'c', 'd', 'e'], { minLength: 1 })
    const steps = fc.array(fc.tuple(fc.constantFrom('ADD', 'DELETE'), members), { maxLength: 12 })
    fc.assert(
      fc.property(steps, (all) => {
        let item: dynamo.Item = {}
        const expected = new Set<string>()
        for (const [section, SS] of all) {
          item = after(item, `${section} tags :set`, { ':set': { SS } })
          for (const member of SS) {
            if (section === 'ADD') expected.add(member)
            else expected.delete(member)
          }
          assert.deepEqual([...(item['tags']?.SS ?? [])].sort(), [...expected].sort())
          assert.equal(Object.hasOwn(item, 'tags'), expected.size > 0)
        }
      }),
    )
  })
})
