import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InvalidOptionError } from '@millrace/core'
import { Producer, type ProducerOptions } from '@millrace/producer'
import { hintForKplName, KPL_NAMES } from '../src/kpl-names.ts'

function refusal(options: object): InvalidOptionError | undefined {
  try {
    new Producer({ stream: 'orders', logger: false, ...options } as ProducerOptions).destroy()
  } catch (cause) {
    if (cause instanceof InvalidOptionError) return cause
    throw cause
  }
  return undefined
}

/** `{ aggregation: { maxBytes: value } }` for `aggregation.maxBytes`. */
function nested(path: string, value: unknown): object {
  return path.split('.').reduceRight((inner: unknown, key) => ({ [key]: inner }), value) as object
}

describe("KPL's names", () => {
  for (const { name, here } of KPL_NAMES) {
    it(`${name} is translated at the top level and in each group`, () => {
      const expected = hintForKplName(name) ?? assert.fail()
      assert.ok(here === undefined || expected.includes(`"${here}"`))
      for (const group of ['', 'aggregation', 'collection']) {
        const path = group === '' ? name : `${group}.${name}`
        if (path === here) continue
        assert.equal(refusal(nested(path, 1))?.hint, expected)
      }
    })
  }

  it('lead to options that exist', () => {
    for (const { here } of KPL_NAMES) {
      if (here === undefined) continue
      // Its value may be refused, its name may not.
      const wrong = refusal(nested(here, Symbol('no value at all')))
      assert.notEqual(wrong?.message, `Unknown option ${here}`)
    }
  })

  it('are known as the properties file spells them, and once each', () => {
    assert.equal(hintForKplName('RecordTtl'), hintForKplName('recordTtl'))
    assert.equal(hintForKplName('recordTtl'), 'Use "recordTtlMs" (KPL: recordTtl).')
    const names = KPL_NAMES.map(({ name }) => name.toLowerCase())
    assert.equal(new Set(names).size, names.length)
    assert.equal(hintForKplName('record'), undefined)
  })

  it('are those that the documentation of the options gives', () => {
    const source = readFileSync(join(import.meta.dirname, '../src/options.ts'), 'utf8')
    const documented = [...source.matchAll(/KPL:[\s*]*`([A-Z]\w*)`/g)].map(([, name = '']) => name)
    assert.ok(documented.length >= 14, `${documented.length}`)
    for (const name of documented) assert.ok(hintForKplName(name) !== undefined, name)
  })
})
