/** docs/consumer.md says of options, events and metrics what the sources say. */
import assert from 'node:assert/strict'
import { KCL_NAMES } from '../../packages/consumer/src/kcl-names.ts'
import { OPERATIONS } from '../../packages/consumer/src/metrics/metric-names.ts'
import { resolveConsumerOptions } from '../../packages/consumer/src/resolve-options.ts'
import { readPage, rowsOf, shownDefault, strangeSnippets } from '../harness/pages.ts'

const GIVEN = { applicationName: 'orders-app', stream: 'orders' }
/** Shown in one row, whatever is in them. */
const WHOLE = new Set(['stream', 'checkpoint', 'codec', 'logger', 'metrics', 'random'])

/** `lease.table.billing` -> its default, for each option that there is. */
function defaultsBelow(path: string, group: object): readonly (readonly [string, unknown])[] {
  return Object.entries(group).flatMap(([name, value]: [string, unknown]) => {
    const inner = path === '' ? name : `${path}.${name}`
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isGroup && !WHOLE.has(inner) ? defaultsBelow(inner, value) : [[inner, value] as const]
  })
}

function defaults(): ReadonlyMap<string, unknown> {
  // Only then has it options of its own.
  const lease = { assignmentStrategy: 'worker-utilization' } as const
  const all = new Map(defaultsBelow('', resolveConsumerOptions({ ...GIVEN, lease })))
  const strategy = 'lease.assignmentStrategy'
  all.set(strategy, resolveConsumerOptions(GIVEN).lease.assignmentStrategy)
  for (const name of ['applicationName', 'workerId']) all.set(name, undefined)
  return all
}

describe('docs/consumer.md', () => {
  const page = readPage('docs/consumer.md')

  it('has each option, with its default, and no other', () => {
    const expected = defaults()
    const rows = rowsOf(page, 'Options')
    assert.deepEqual(rows.map(([name]) => name).sort(), [...expected.keys()].sort())
    for (const [name = '', byDefault] of rows) {
      const shown = shownDefault(expected.get(name))
      if (shown === undefined) assert.notEqual(byDefault, '', name)
      else assert.equal(byDefault, shown, name)
    }
  })

  it("gives each option's KCL name as errors do", () => {
    const shown = rowsOf(page, 'Options').flatMap(([here, , kcl = '']) =>
      [...kcl.matchAll(/`(\w+)`/g)].map(([, name]) => `${name}: ${here}`),
    )
    const here = new Set(rowsOf(page, 'Options').map(([name]) => name))
    const documented = readPage('packages/consumer/src/options.ts')
    const expected = KCL_NAMES.filter(
      (name) => here.has(name.here ?? '') && documented.includes(`\`${name.name}\``),
    )
    assert.ok(expected.length > 25)
    assert.deepEqual(shown.sort(), expected.map(({ name, here }) => `${name}: ${here}`).sort())
  })

  it('has each event', () => {
    const source = readPage('packages/consumer/src/events.ts')
    const [, map = ''] = source.split('export interface ConsumerEvents {')
    const events = [...map.matchAll(/^ {2}readonly (\w+): \[/gm)].map(([, name]) => name)
    const rows = rowsOf(page, 'Errors, and what to do').map(([name]) => name)
    assert.ok(events.length >= 12)
    for (const name of events) assert.ok(rows.includes(name), name)
  })

  it('has each metric as it is measured', () => {
    const rows = rowsOf(page, 'Metrics').map(([operation, name = '', unit, level]) => [
      operation,
      name.replaceAll('`', ''),
      unit,
      level,
    ])
    const expected = Object.entries(OPERATIONS).flatMap(([operation, kinds]) =>
      kinds.map(({ name, unit, level }) => [operation, name, unit, level]),
    )
    assert.deepEqual(rows, expected)
  })

  it('shows lines of examples/ as they are', () => {
    assert.ok(page.split('```ts').length > 4)
    assert.deepEqual(strangeSnippets(page), [])
  })
})
