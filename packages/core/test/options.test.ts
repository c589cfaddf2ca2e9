import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidOptionError } from '../src/errors.ts'
import {
  flag,
  group,
  integer,
  nearestName,
  type OptionRules,
  objectWith,
  oneOf,
  optional,
  resolveOptions,
  showValue,
  text,
} from '../src/options.ts'

interface Resolved {
  readonly aggregation: boolean
  readonly retries: number
  readonly mode: 'polling' | 'fan-out'
  readonly name: string
  readonly note: string | undefined
  readonly limits: { readonly records: number }
}

const RULES: OptionRules<Resolved> = {
  aggregation: flag(true),
  retries: integer({ default: 3, min: 0, max: 10 }),
  mode: oneOf(['polling', 'fan-out'], 'polling'),
  name: text({ pattern: /^[a-z]+$/, expects: 'lower-case letters' }),
  note: optional(text({ pattern: /^./, expects: 'some text' })),
  limits: group({ records: integer({ default: 500, min: 1, max: 500 }) }),
}

function refusal(given: unknown, path = ''): InvalidOptionError {
  try {
    resolveOptions(path, given, RULES)
  } catch (error) {
    assert.ok(error instanceof InvalidOptionError)
    return error
  }
  throw new assert.AssertionError({ message: 'was not refused' })
}

describe('resolveOptions', () => {
  it('fills every default in, nested ones too', () => {
    assert.deepEqual(resolveOptions('', { name: 'a' }, RULES), {
      aggregation: true,
      retries: 3,
      mode: 'polling',
      name: 'a',
      note: undefined,
      limits: { records: 500 },
    })
  })

  it('keeps what the user gave, falsy values too', () => {
    const given = {
      aggregation: false,
      retries: 0,
      mode: 'fan-out',
      name: 'a',
      note: 'b',
      limits: { records: 1 },
    }
    assert.deepEqual(resolveOptions('', given, RULES), given)
  })

  it('takes an option of undefined for one that was left out', () => {
    const resolved = resolveOptions('', { name: 'a', retries: undefined, limits: undefined }, RULES)
    assert.equal(resolved.retries, 3)
    assert.equal(resolved.limits.records, 500)
  })

  it('refuses an unknown key with the nearest known name', () => {
    const error = refusal({ name: 'a', agregation: false })
    assert.equal(error.option, 'agregation')
    assert.equal(error.hint, 'Did you mean "aggregation"?')
  })

  it('lists the known names when none is near', () => {
    const error = refusal({ name: 'a', zzzzzzzz: 1 })
    assert.match(error.hint, /aggregation, retries, mode, name, note, limits/)
  })

  it('says first what is known of a name from elsewhere', () => {
    const hintFor = (name: string): string | undefined =>
      name === 'agregation' ? 'Use "aggregation" (KPL: agregation).' : undefined
    const hintOf = (given: object): string => {
      try {
        resolveOptions('', given, RULES, hintFor)
      } catch (error) {
        if (error instanceof InvalidOptionError) return error.hint
        throw error
      }
      throw new assert.AssertionError({ message: 'was not refused' })
    }
    assert.match(hintOf({ agregation: false }), /KPL/)
    assert.equal(hintOf({ retriess: 1 }), 'Did you mean "retries"?')
  })

  it('says how to switch a group on or off that has a switch', () => {
    const rule = group({ enabled: flag(true) })
    assert.throws(() => rule('limits', false), { hint: 'Use { enabled: false }.' })
    assert.throws(() => rule('limits', 5), { hint: 'Pass an object for limits.' })
    assert.equal(refusal(false, 'limits').hint, 'Pass an object for limits.')
  })

  it('names a nested option by its dotted path', () => {
    assert.equal(refusal({ name: 'a', limits: { record: 1 } }).option, 'limits.record')
    assert.equal(
      refusal({ name: 'a', limits: { records: 0 } }, 'producer').option,
      'producer.limits.records',
    )
  })

  it('refuses inherited names, and values that only a prototype holds', () => {
    assert.equal(refusal(JSON.parse('{"name":"a","__proto__":1}')).option, '__proto__')
    assert.equal(refusal({ name: 'a', constructor: 1 }).option, 'constructor')
    assert.match(refusal(Object.create({ name: 'a' })).message, /name is missing/)
  })

  it('refuses what is no object of options', () => {
    for (const given of [5, 'x', true, [], () => {}]) {
      assert.match(refusal(given, 'producer').message, /^producer is /)
      assert.match(refusal(given).message, /^options is /)
    }
  })

  it('never shows the content of an object or array in a message', () => {
    const error = refusal({ name: { secret: 'hunter2' }, retries: 1 })
    assert.doesNotMatch(`${error.message} ${error.hint}`, /hunter2/)
  })
})

describe('integer', () => {
  it('never shows the largest safe integer, which stands for no bound', () => {
    const unlimited = Number.MAX_SAFE_INTEGER
    assert.throws(() => integer({ default: unlimited, min: 1, max: unlimited })('n', 0), {
      hint: 'Use a whole number from 1 up (default unlimited).',
    })
  })

  const rule = integer({ default: 7, min: -5, max: 10 })

  it('takes exactly the whole numbers within its bounds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double()), (value) => {
        if (Number.isInteger(value) && value >= -5 && value <= 10) {
          assert.equal(rule('n', value), value)
        } else {
          assert.throws(() => rule('n', value), InvalidOptionError)
        }
      }),
    )
  })

  it('converts nothing, and says value, bounds and default', () => {
    for (const value of ['5', null, true, 5n, [], {}]) {
      assert.throws(() => rule('n', value), InvalidOptionError)
    }
    assert.throws(
      () => rule('n', 11),
      (error) =>
        error instanceof InvalidOptionError &&
        error.message === 'n is 11' &&
        error.hint === 'Use a whole number from -5 to 10 (default 7).',
    )
  })
})

describe('flag, oneOf and text', () => {
  it('refuse what only looks like their values', () => {
    assert.throws(() => flag(true)('f', 'true'), InvalidOptionError)
    assert.throws(() => flag(true)('f', 0), InvalidOptionError)
    assert.throws(() => oneOf(['a', 'b'], 'a')('o', 'A'), /o is "A"/)
    assert.throws(() => oneOf(['a', 'b'], 'a')('o', ['a']), InvalidOptionError)
    assert.throws(() => text({ pattern: /^a$/, expects: 'a' })('t', ['a']), InvalidOptionError)
  })
})

describe('objectWith', () => {
  const rule = objectWith<{ debug(): void; warn(): void }>(['debug', 'warn'])

  it('takes an object that has the methods, inherited ones too', () => {
    class Own {
      debug(): void {}
      warn(): void {}
    }
    const own = new Own()
    assert.equal(rule('logger', own), own)
    assert.equal(rule('logger', undefined), undefined)
  })

  it('names the methods that are missing', () => {
    assert.throws(() => rule('logger', { warn() {} }), /logger has no debug/)
    for (const value of [null, 5, 'text', { debug: 1, warn: 2 }]) {
      assert.throws(() => rule('logger', value), /logger has no debug, warn/)
    }
  })
})

describe('nearestName', () => {
  const known = ['aggregation', 'maxConnections', 'ttlMs']

  it('forgives case, a swap, a lost and a doubled letter', () => {
    assert.equal(nearestName('Aggregation', known), 'aggregation')
    assert.equal(nearestName('aggergation', known), 'aggregation')
    assert.equal(nearestName('maxConections', known), 'maxConnections')
    assert.equal(nearestName('ttllMs', known), 'ttlMs')
  })

  it('guesses nothing for a name unlike all others', () => {
    assert.equal(nearestName('region', known), undefined)
    assert.equal(nearestName('anything', []), undefined)
  })

  it('finds any name with one letter changed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...known), fc.nat(), (name, at) => {
        const i = at % name.length
        assert.equal(nearestName(`${name.slice(0, i)}_${name.slice(i + 1)}`, known), name)
      }),
    )
  })
})

describe('showValue', () => {
  it('shows scalars, and only the kind of anything that holds content', () => {
    const shown = ['a"b', 5, 5n, null, undefined, true, () => {}, { a: 1 }, [1]].map(showValue)
    const kinds = ['a function', 'an object', 'an array']
    assert.deepEqual(shown, ['"a\\"b"', '5', '5', 'null', 'undefined', 'true', ...kinds])
  })
})
