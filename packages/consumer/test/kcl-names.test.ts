import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InvalidOptionError } from '@millrace/core'
import { hintForKclName, KCL_NAMES } from '../src/kcl-names.ts'
import type { ConsumerOptions } from '../src/options.ts'
import { resolveConsumerOptions } from '../src/resolve-options.ts'

function refusal(given: object): InvalidOptionError | undefined {
  const options = { applicationName: 'app', stream: 'orders', logger: false, ...given }
  try {
    resolveConsumerOptions(options as ConsumerOptions)
  } catch (cause) {
    if (cause instanceof InvalidOptionError) return cause
    throw cause
  }
  return undefined
}

function hintOf(given: object): string {
  return refusal(given)?.hint ?? assert.fail('was not refused')
}

/** `{ lease: { table: { tags: value } } }` for `lease.table.tags`. */
function nested(path: string, value: unknown): object {
  return path.split('.').reduceRight((inner: unknown, key) => ({ [key]: inner }), value) as object
}

describe("KCL's names", () => {
  for (const { name: kcl, here } of KCL_NAMES) {
    it(`${kcl} is translated at the top level and in each group`, () => {
      const expected = hintForKclName(kcl) ?? assert.fail()
      assert.ok(here === undefined || expected.includes(`"${here}"`))
      for (const group of ['', 'lease', 'retrieval', 'lease.table', 'lease.workerUtilization']) {
        const path = group === '' ? kcl : `${group}.${kcl}`
        if (path === here) continue
        assert.equal(hintOf(nested(path, 1)), expected)
      }
    })
  }

  it('lead to options that exist', () => {
    for (const { here } of KCL_NAMES) {
      if (here === undefined) continue
      // Its value may be refused, its name may not.
      const wrong = refusal({ ...nested(here, Symbol('no value at all')) })
      assert.notEqual(wrong?.message, `Unknown option ${here}`)
    }
  })

  it('are known however they are capitalized, and once each', () => {
    assert.equal(hintForKclName('FAILOVERTIMEMILLIS'), hintForKclName('failoverTimeMillis'))
    const kcl = KCL_NAMES.map(({ name }) => name.toLowerCase())
    assert.equal(new Set(kcl).size, kcl.length)
    assert.equal(hintForKclName('failover'), undefined)
  })

  it('are those that the documentation of the options gives', () => {
    const source = readFileSync(join(import.meta.dirname, '../src/options.ts'), 'utf8')
    const documented = [...source.matchAll(/KCL:[\s*]*`([a-z]\w*)`/g)].map(([, name = '']) => name)
    assert.ok(documented.length > 20)
    for (const name of documented) assert.ok(hintForKclName(name) !== undefined, name)
  })
})

describe("KCL's values", () => {
  it('of the assignment strategy are translated', () => {
    const hint = (assignmentStrategy: string): string => hintOf({ lease: { assignmentStrategy } })
    assert.equal(hint('WORKER_UTILIZATION_AWARE'), 'Use "worker-utilization".')
    assert.equal(hint('LEASE_COUNT_BASED'), 'Use "lease-count".')
  })

  it('of the billing mode are translated', () => {
    const hint = (billing: string): string => hintOf({ lease: { table: { billing } } })
    assert.match(hint('PAY_PER_REQUEST'), /^Use "on-demand"/)
    assert.match(hint('PROVISIONED'), /^Use \{ readCapacityUnits, writeCapacityUnits \}/)
  })
})
