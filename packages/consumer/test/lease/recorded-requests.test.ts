/** Our requests beside those that the Java KCL was seen to send, and the list of what became of each. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { DynamoPort, dynamo } from '@millrace/core'
import { silentLogger } from '@millrace/core/internal'
import { SimulatedDynamo } from '@millrace/testing'
import { acquireWrite, heartbeatWrite, releaseLeaderWrite } from '../../src/lease/leader-row.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { deleteEndedWrite } from '../../src/lease/lease-writes.ts'
import { workerMetricsWrite } from '../../src/lease/worker-metrics-row.ts'
import { ensureLeaseTable } from '../../src/lease-table/lease-table.ts'
import { goldenJson, goldenRequests, type RecordedShape } from './golden.ts'
import { PLAIN_TABLE, tableWith } from './lease-table-fixture.ts'
import { SHAPES } from './recorded-shapes.ts'

interface FailedShape extends RecordedShape {
  readonly failedExample: { readonly request: unknown } | null
}

function recordedShapes(): readonly FailedShape[] {
  return (goldenJson('requests.json') as { readonly shapes: readonly FailedShape[] }).shapes
}

function recorded<T>(name: string): T {
  const [request] = goldenRequests<T>(name)
  return request ?? assert.fail(`no example of ${name}`)
}

type Expressions = dynamo.ExpressionInput &
  Readonly<Partial<Record<'UpdateExpression' | 'ConditionExpression', string | undefined>>>

/** Names and values in the expressions themselves: placeholders are each client's own. */
function inlined(request: Expressions): object {
  const {
    ExpressionAttributeNames: names = {},
    ExpressionAttributeValues: values = {},
    ...rest
  } = request
  const shown = (text: string): string =>
    text.replace(/[#:]\w+/g, (placeholder) =>
      placeholder.startsWith('#')
        ? (names[placeholder] ?? assert.fail(placeholder))
        : JSON.stringify(values[placeholder]),
    )
  return Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      key.endsWith('Expression') ? shown(String(value)) : value,
    ]),
  )
}

/** What our code sends, by operation, while it runs. */
async function sentBy(
  port: SimulatedDynamo,
  run: (port: DynamoPort) => Promise<unknown>,
): Promise<ReadonlyMap<string, readonly object[]>> {
  const sent = new Map<string, object[]>()
  const spy = new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (input: object, ...more: unknown[]) => {
        // A field that is undefined is not sent.
        const request = JSON.parse(JSON.stringify(input)) as object
        sent.set(String(name), [...(sent.get(String(name)) ?? []), request])
        return member.call(target, input, ...more) as unknown
      }
    },
  })
  await run(spy)
  return sent
}

describe('the list of recorded shapes', () => {
  it('has every request that KCL was seen to send, and no other', () => {
    const seen = recordedShapes().map(({ table, name }) => `${table}: ${name}`)
    assert.deepEqual(Object.keys(SHAPES).sort(), [...new Set(seen)].sort())
  })

  it('names tests that compare them by that name', () => {
    let twins = 0
    for (const [shape, review] of Object.entries(SHAPES)) {
      if (!('twin' in review)) continue
      twins++
      const test = readFileSync(new URL(review.twin, import.meta.url), 'utf8')
      const name = shape.slice(shape.indexOf(': ') + 2)
      assert.ok(test.includes(`'${name}'`), `${review.twin} does not compare ${name}`)
    }
    assert.ok(twins > 20, `${twins}`)
  })
})

describe('requests with expressions', () => {
  const leader = (request: dynamo.UpdateItemInput | dynamo.DeleteItemInput) => {
    const values = request.ExpressionAttributeValues ?? {}
    return { held: values[':rvn']?.S ?? '', workerId: values[':on']?.S ?? '' }
  }

  it('acquire the lock as the Java lock client does, and nothing else', () => {
    const absent = recorded<dynamo.PutItemInput>('acquire the leader lock, row absent')
    const stale = recorded<dynamo.PutItemInput>('acquire the leader lock, row stale')
    for (const theirs of [absent, stale]) {
      const { Item, TableName, ExpressionAttributeValues: values } = theirs
      const claim = {
        workerId: Item['ownerName']?.S ?? '',
        leaseDurationMs: Number(Item['leaseDuration']?.S),
        recordVersionNumber: Item['recordVersionNumber']?.S ?? '',
      }
      const seen = values?.[':rvn']?.S
      const row =
        seen === undefined
          ? undefined
          : { ...claim, ownerName: '', isReleased: false, recordVersionNumber: seen }
      assert.deepEqual(inlined(acquireWrite(TableName, claim, row)), inlined(theirs))
    }
  })

  it('renew and release the lock as it does', () => {
    const beat = recorded<dynamo.UpdateItemInput>('leader lock heartbeat')
    const { held, workerId } = leader(beat)
    const claim = {
      ...{ workerId, leaseDurationMs: 120_000 },
      recordVersionNumber: beat.ExpressionAttributeValues?.[':newRvn']?.S ?? '',
    }
    assert.deepEqual(inlined(heartbeatWrite(beat.TableName, claim, held)), inlined(beat))
    const release = recorded<dynamo.DeleteItemInput>('release the leader lock')
    const last = leader(release)
    assert.deepEqual(
      inlined(releaseLeaderWrite(release.TableName, last.workerId, last.held)),
      inlined(release),
    )
  })

  it('write the metrics row of a worker without measurements', () => {
    const { ReturnValues, ...theirs } = recorded<dynamo.UpdateItemInput>('worker metrics upsert')
    assert.equal(ReturnValues, 'ALL_NEW')
    const seconds = Number(theirs.ExpressionAttributeValues?.[':AMZN_MAPPED_lut']?.N)
    const ours = workerMetricsWrite(theirs.TableName, 'w1', seconds * 1000 + 999)
    assert.deepEqual(inlined(ours), inlined(theirs))
  })

  it('delete the lease that KCL would, on a condition of ours', () => {
    const theirs = recorded<dynamo.DeleteItemInput>('delete lease')
    const write = deleteEndedWrite(theirs.TableName, theirs.Key['leaseKey']?.S ?? '')
    const { ConditionExpression, ...ours } = inlined(write) as Expressions
    assert.deepEqual(ours, theirs)
    assert.match(ConditionExpression ?? '', /checkpoint = .*SHARD_END/)
  })
})

describe('reads', () => {
  it('of the table, at a start', async () => {
    const { TableName } = recorded<{ readonly TableName: string }>('describe lease table')
    const sent = await sentBy(new SimulatedDynamo(), (dynamo) =>
      ensureLeaseTable(
        {
          ...{ dynamo, tableName: TableName, workerId: 'w1', requestTimeoutMs: 1000 },
          ...{ wanted: { ...PLAIN_TABLE, pointInTimeRecovery: true }, logger: silentLogger },
        },
        new AbortController().signal,
      ),
    )
    const probe = recordedShapes().find(({ name }) => name === 'probe legacy coordinator table')
    assert.deepEqual(
      new Set(sent.get('describeTable')?.map((request) => JSON.stringify(request))),
      new Set([
        JSON.stringify({ TableName: `${TableName}-CoordinatorState` }),
        JSON.stringify({ TableName }),
      ]),
    )
    assert.match(JSON.stringify(probe?.example?.request), /"[^"]+-CoordinatorState"/)
    assert.deepEqual(sent.get('getItem')?.[0], recorded('read Migration3.0'))
    const recovery = recordedShapes().find(({ name }) => name === 'switch PITR on')
    assert.deepEqual(sent.get('updateContinuousBackups'), [
      { ...(recovery?.failedExample?.request as object), TableName },
    ])
  })

  it('of leases, one by one, by owner and together', async () => {
    const one = recorded<dynamo.GetItemInput>('read one lease')
    const byOwner = recorded<dynamo.QueryInput>('lease discovery')
    const all = recorded<dynamo.ScanInput>('scan of the lease table')
    const sent = await sentBy(await tableWith([]), async (dynamo) => {
      const store = new LeaseStore({ dynamo, tableName: 'leases', requestTimeoutMs: 1000 })
      await store.get(one.Key['leaseKey']?.S ?? '')
      await store.keysOwnedBy('w1')
      await store.scan(false)
    })
    const TableName = 'leases'
    assert.deepEqual(sent.get('getItem'), [{ ...one, TableName, ConsistentRead: true }])
    assert.equal(one.ConsistentRead, false)
    assert.deepEqual(sent.get('query'), [{ ...byOwner, TableName }])
    assert.deepEqual(sent.get('scan'), [{ ...all, TableName, ConsistentRead: false }])
  })
})
