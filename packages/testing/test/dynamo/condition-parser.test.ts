import assert from 'node:assert/strict'
import type { dynamo } from '@millrace/core'
import fc from 'fast-check'
import { parseCondition } from '../../src/dynamo/condition-parser.ts'
import type { Condition } from '../../src/dynamo/expression-nodes.ts'
import { Placeholders } from '../../src/dynamo/placeholders.ts'
import { DynamoRefusal } from '../../src/dynamo/refusal.ts'

const VALUES: dynamo.Item = {
  ':one': { N: '1' },
  ':two': { N: '2' },
  ':text': { S: 'x' },
  ':flag': { BOOL: true },
  ':set': { SS: ['x'] },
}
const NAMES = { '#a': 'a', '#odd': 'odd.name' }

function parsed(text: string): Condition {
  const placeholders = new Placeholders({
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: VALUES,
  })
  return parseCondition('ConditionExpression', text, placeholders)
}

/** A condition with a bracket around each part, so that its shape is seen. */
function shape(condition: Condition): string {
  if (condition.kind === 'and' || condition.kind === 'or') {
    return `(${shape(condition.left)} ${condition.kind} ${shape(condition.right)})`
  }
  if (condition.kind === 'not') return `(not ${shape(condition.inner)})`
  if (condition.kind !== 'exists') return condition.kind
  return condition.wanted ? condition.name : `!${condition.name}`
}

function refusal(text: string): string {
  try {
    parsed(text)
  } catch (cause) {
    assert.ok(cause instanceof DynamoRefusal, String(cause))
    assert.equal(cause.awsName, 'ValidationException')
    return cause.message
  }
  assert.fail(`${text} was taken`)
}

describe('parseCondition', () => {
  const e = (name: string): string => `attribute_exists(${name})`
  const shapes: [string, string][] = [
    [`${e('a')} AND ${e('b')} AND ${e('c')}`, '((a and b) and c)'],
    [`${e('a')} OR ${e('b')} OR ${e('c')}`, '((a or b) or c)'],
    [`${e('a')} OR ${e('b')} AND ${e('c')}`, '(a or (b and c))'],
    [`${e('a')} AND ${e('b')} OR ${e('c')}`, '((a and b) or c)'],
    [`(${e('a')} OR ${e('b')}) AND ${e('c')}`, '((a or b) and c)'],
    [`NOT ${e('a')} AND ${e('b')}`, '((not a) and b)'],
    [`NOT ${e('a')} OR ${e('b')}`, '((not a) or b)'],
    [`NOT (${e('a')} AND ${e('b')})`, '(not (a and b))'],
    [`NOT NOT ${e('a')}`, '(not (not a))'],
    [`(${e('a')}) AND (NOT (${e('b')}))`, '(a and (not b))'],
    [`not ${e('a')} aNd attribute_not_exists(b)`, '((not a) and !b)'],
    [`${e('a')}\n\tAND(${e('b')})`, '(a and b)'],
    ['b BETWEEN :one AND :two AND attribute_exists(c)', '(between and c)'],
    ['NOT b IN (:one, :two) OR b=:one', '((not in) or compare)'],
    ['begins_with(b, :text) AND contains(b, :text)', '(begins-with and contains)'],
  ]
  for (const [text, expected] of shapes) {
    it(`reads ${JSON.stringify(text)} as ${expected}`, () => {
      assert.equal(shape(parsed(text)), expected)
    })
  }

  it('resolves names and values', () => {
    assert.deepEqual(parsed('#odd >= :two'), {
      kind: 'compare',
      comparator: '>=',
      left: { kind: 'attribute', name: 'odd.name' },
      right: { kind: 'value', value: { N: '2' } },
    })
    assert.deepEqual(parsed('b IN (:one, c)'), {
      kind: 'in',
      operand: { kind: 'attribute', name: 'b' },
      choices: [
        { kind: 'value', value: { N: '1' } },
        { kind: 'attribute', name: 'c' },
      ],
    })
  })

  /** Text, and what its refusal must show of it. */
  const refused: [string, string | RegExp][] = [
    ['', 'empty'],
    ['  ', 'empty'],
    ['b', '<EOF>'],
    ['b = ', '<EOF>'],
    ['b == :one', '"="'],
    ['b = :one AND', '<EOF>'],
    ['AND b = :one', 'AND'],
    ['b = :one :two', ':two'],
    ['b = :one; c = :one', '";"'],
    ['b = :one /* c */', '"/"'],
    ["b = 'text'", '"\'"'],
    ['b = 1', '"1"'],
    ['(b = :one', '<EOF>'],
    ['b = :one)', '")"'],
    ['()', '")"'],
    ['((b = :one))', 'redundant'],
    ['(b = :one) (c = :one)', '"("'],
    ['NOT', '<EOF>'],
    ['b NOT IN (:one)', 'NOT'],
    ['b IN ()', '")"'],
    ['b IN :one', ':one'],
    ['b IN (:one,)', '")"'],
    ['b BETWEEN :one', '<EOF>'],
    ['b BETWEEN :one OR :two', 'OR'],
    ['b BETWEEN :two AND :one', 'BETWEEN'],
    ['b BETWEEN :one AND :text', 'BETWEEN'],
    ['b < :flag', /operator: <.*BOOL/],
    ['b BETWEEN :set AND :set', /BETWEEN.*SS/],
    ['begins_with(b, :one)', /begins_with.*operand type: N/],
    ['attribute_exists(:one)', ':one'],
    ['attribute_exists(b, c)', '","'],
    ['attribute_exists b', /attribute_exists|"b"/],
    ['Attribute_Exists(b)', 'Attribute_Exists'],
    ['size(b) = :one', 'size'],
    ['attribute_type(b, :text)', 'attribute_type'],
    ['no_such_thing(b)', 'no_such_thing'],
    ['b.inner = :one', 'b.inner'],
    ['b[0] = :one', 'b[0]'],
    ['b = b', 'distinct'],
    ['b = :absent', ':absent'],
    ['#absent = :one', '#absent'],
    ['owner = :one', 'owner'],
    ['Timestamp = :one', 'Timestamp'],
    ['_b = :one', '"_"'],
  ]
  for (const [text, shown] of refused) {
    it(`refuses ${JSON.stringify(text)} and shows ${shown}`, () => {
      const message = refusal(text)
      assert.match(message, /^Invalid ConditionExpression: /)
      if (typeof shown === 'string') assert.ok(message.includes(shown), message)
      else assert.match(message, shown)
    })
  }

  it('takes 100 operands of IN and 4,096 bytes, and no more', () => {
    const choices = (count: number): string => `b IN (${Array(count).fill(':one').join(', ')})`
    assert.equal(parsed(choices(100)).kind, 'in')
    assert.match(refusal(choices(101)), /too many operands: 101/)
    const padded = (bytes: number): string => 'b = :one'.padEnd(bytes)
    assert.equal(parsed(padded(4096)).kind, 'compare')
    assert.match(refusal(padded(4097)), /expression size: 4097/)
  })

  it('either takes a text or refuses it as invalid, whatever it is', () => {
    const word = fc.constantFrom(
      ...'a #a :one :set NOT AND OR IN BETWEEN ( ) , = <> < contains begins_with + . owner'.split(
        ' ',
      ),
      'attribute_exists',
    )
    const words = fc.array(word, { maxLength: 12 }).map((all) => all.join(' '))
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ maxLength: 30 })), (text) => {
        try {
          parsed(text)
        } catch (cause) {
          assert.ok(cause instanceof DynamoRefusal, String(cause))
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('Placeholders', () => {
  const condition = 'a = :one'

  it('refuses what no expression uses, and names it', () => {
    const all = { ExpressionAttributeNames: NAMES, ExpressionAttributeValues: VALUES }
    const placeholders = new Placeholders(all)
    parseCondition('ConditionExpression', condition, placeholders)
    assert.throws(() => placeholders.refuseUnused(), /ExpressionAttributeNames.*\{#a, #odd\}/)
    parseCondition('ConditionExpression', '#a = :two AND #odd = :two', placeholders)
    assert.throws(() => placeholders.refuseUnused(), /Values.*\{:text, :flag, :set\}/)
    parseCondition('ConditionExpression', 'a IN (:text, :flag, :set)', placeholders)
    placeholders.refuseUnused()
  })

  const bad: [string, dynamo.ExpressionInput, RegExp][] = [
    ['no names', { ExpressionAttributeNames: {} }, /Names must not be empty/],
    ['no values', { ExpressionAttributeValues: {} }, /Values must not be empty/],
    ['a name without #', { ExpressionAttributeNames: { a: 'a' } }, /"a"/],
    ['a value without :', { ExpressionAttributeValues: { one: { N: '1' } } }, /"one"/],
    ['a value of no type', { ExpressionAttributeValues: { ':v': {} } }, /is empty/],
    ['a value of two types', { ExpressionAttributeValues: { ':v': { S: 'a', N: '1' } } }, /S, N/],
    ['a number that is none', { ExpressionAttributeValues: { ':v': { N: 'x' } } }, /"x"/],
  ]
  for (const [what, input, message] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(() => new Placeholders(input), message)
    })
  }

  it('is not taken in by names that every object has', () => {
    const placeholders = new Placeholders({ ExpressionAttributeNames: { '#toString': 'a' } })
    assert.throws(() => placeholders.name('#constructor'), /#constructor/)
    assert.equal(placeholders.name('#toString'), 'a')
  })
})
