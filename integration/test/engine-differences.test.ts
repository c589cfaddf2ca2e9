/** The reviewed list of differences between DynamoDB engines, against the engines themselves. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type DynamoPort, dynamoFromSdk } from '@millrace/core'
import { type LocalKinesis, SimulatedDynamo, startLocalKinesis } from '@millrace/testing'
import { capabilitiesOf, ENGINES, REFERENCE } from '../harness/engine-differences.ts'
import { EngineProbe, PROBES } from '../harness/engine-probes.ts'

const LOCAL = 'DynamoDB Local 3.1.0'

function golden<T>(file: string): T {
  const url = new URL(`../golden/kcl/${file}`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as T
}

interface Recorded {
  readonly name: string
  readonly statuses: Readonly<Record<string, number>>
  readonly failedExample: { readonly response: object } | null
}

/** What was recorded of an engine that is not run. */
const RECORDED: Readonly<Record<string, () => string>> = {
  oldItemOnFailedCondition: () => {
    const { failedExample } = shape('renew, handoff known')
    return 'Item' in (failedExample?.response ?? {}) ? 'the item' : 'no item'
  },
  indexOnExistingTable: () => (shape('create the GSI').statuses['200'] ? 'added' : 'refused'),
  deletionProtection: () => {
    const { describeTable } = golden<{
      readonly describeTable: { readonly DeletionProtectionEnabled: boolean }
    }>('table-deletion-protection-tags.json')
    return describeTable.DeletionProtectionEnabled ? 'told back' : 'dropped'
  },
  continuousBackups: () => {
    const { statuses } = shape('switch PITR on')
    const refused = Object.keys(statuses).every((status) => /UnknownOperation/.test(status))
    return refused ? 'refused: invalid' : 'switched on'
  },
}

function shape(name: string): Recorded {
  const { shapes } = golden<{ readonly shapes: readonly Recorded[] }>('requests.json')
  return shapes.find((one) => one.name === name) ?? assert.fail(name)
}

describe('the list of differences between DynamoDB engines', () => {
  const { engines, differences } = ENGINES
  let local: LocalKinesis
  const ports = new Map<string, () => DynamoPort>()

  before(async () => {
    local = await startLocalKinesis()
    const dynalite = dynamoFromSdk({
      endpoint: local.dynamodbUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    })
    ports.set(REFERENCE, () => new SimulatedDynamo()).set('dynalite', () => dynalite)
  })
  after(() => local.close())

  it('has a probe for each entry, an entry for each probe, and each entry is whole', () => {
    assert.deepEqual(differences.map(({ id }) => id).sort(), Object.keys(PROBES).sort())
    for (const { id, answers, harmless, operation } of differences) {
      assert.ok(harmless.length > 20 && operation.length > 0, id)
      for (const engine of Object.keys(answers)) assert.ok(engine in engines, engine)
      assert.ok(new Set(Object.values(answers)).size > 1, `${id} is no difference`)
    }
  })

  for (const [engine, how] of Object.entries(engines)) {
    if (how !== 'run') continue
    for (const { id, answers } of differences) {
      it(`${engine}, ${id}: ${answers[engine]}`, async () => {
        const port = ports.get(engine)?.() ?? assert.fail(`${engine} is not run`)
        assert.equal(await PROBES[id]?.(new EngineProbe(port)), answers[engine])
      })
    }
  }

  it(`says of ${LOCAL}, which is read and not run, what was recorded of it`, () => {
    const read = differences.filter(({ answers }) => answers[LOCAL] !== undefined)
    assert.deepEqual(read.map(({ id }) => id).sort(), Object.keys(RECORDED).sort())
    for (const { id, answers, read: where } of read) {
      assert.equal(RECORDED[id]?.(), answers[LOCAL], id)
      assert.ok(where !== undefined, id)
    }
  })

  it('lets the conformance suite leave out what the list names, and nothing else', () => {
    assert.ok(Object.values(capabilitiesOf(REFERENCE)).every(Boolean))
    const left = Object.entries(capabilitiesOf('dynalite')).filter(([, does]) => !does)
    assert.equal(left.length, differences.filter(({ capability }) => capability).length)
  })
})
