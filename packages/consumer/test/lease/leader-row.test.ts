import assert from 'node:assert/strict'
import { type dynamo, isServiceError } from '@millrace/core'
import {
  acquireWrite,
  heartbeatWrite,
  type LeaderClaim,
  readLeaderRow,
  releaseLeaderWrite,
} from '../../src/lease/leader-row.ts'
import { goldenItem, goldenRequests } from './golden.ts'
import { TABLE, tableWith } from './lease-table-fixture.ts'

const JAVA_LEASE_MS = 120_000
const javaRow = goldenItem('golden3x.json', 'leases-created', 'Leader')

function claim(recordVersionNumber: string, workerId = 'w1'): LeaderClaim {
  return { workerId, leaseDurationMs: JAVA_LEASE_MS, recordVersionNumber }
}

async function refused(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return false
  } catch (cause) {
    if (isServiceError(cause) && cause.kind === 'condition-failed') return true
    throw cause
  }
}

describe('readLeaderRow', () => {
  it('reads the row of the Java lock client', () => {
    assert.deepEqual(readLeaderRow(javaRow), {
      ownerName: 'w1',
      leaseDurationMs: JAVA_LEASE_MS,
      recordVersionNumber: '87a48dd3-18b8-4ca4-9451-4011c675537c',
      isReleased: false,
    })
  })

  it('reads a lock that was given back but kept', () => {
    assert.equal(readLeaderRow({ ...javaRow, isReleased: { S: '1' } })?.isReleased, true)
  })

  for (const leaseDuration of [{ S: 'soon' }, { S: '' }, { S: '-5' }, { S: '0' }, { N: '5000' }]) {
    it(`falls back to two minutes for the duration ${JSON.stringify(leaseDuration)}`, () => {
      assert.equal(readLeaderRow({ ...javaRow, leaseDuration })?.leaseDurationMs, 120_000)
    })
  }

  it('does not take a row without owner or version for a lock', () => {
    for (const name of ['ownerName', 'recordVersionNumber']) {
      const { [name]: _, ...rest } = javaRow
      assert.equal(readLeaderRow(rest), undefined)
    }
  })
})

describe('acquireWrite', () => {
  it("writes KCL's row, for an absent lock as for a stale one", async () => {
    const [absent] = goldenRequests<dynamo.PutItemInput>('acquire the leader lock, row absent')
    const [stale] = goldenRequests<dynamo.PutItemInput>('acquire the leader lock, row stale')
    assert.ok(absent !== undefined && stale !== undefined)
    const first = acquireWrite(TABLE, claim(absent.Item['recordVersionNumber']?.S ?? ''), undefined)
    assert.deepEqual(first.Item, absent.Item)
    const seen = readLeaderRow({
      ...javaRow,
      recordVersionNumber: stale.ExpressionAttributeValues?.[':rvn'] ?? {},
    })
    assert.ok(seen !== undefined)
    const version = stale.Item['recordVersionNumber']?.S ?? ''
    const next = acquireWrite(TABLE, claim(version, 'w2'), seen)
    assert.deepEqual(next.Item, stale.Item)
    const table = await tableWith([
      { ...javaRow, recordVersionNumber: { S: seen.recordVersionNumber } },
    ])
    await table.putItem(next)
    assert.deepEqual(table.items(TABLE), [stale.Item])
  })

  it('is refused when another contender was faster, or the leader has come back', async () => {
    const table = await tableWith([javaRow])
    assert.equal(await refused(table.putItem(acquireWrite(TABLE, claim('new'), undefined))), true)
    const older = { ...javaRow, recordVersionNumber: { S: 'older' } }
    const write = acquireWrite(TABLE, claim('new', 'w2'), readLeaderRow(older))
    assert.equal(await refused(table.putItem(write)), true)
    assert.deepEqual(table.items(TABLE), [javaRow])
  })

  it('does not make a row anew that was deleted meanwhile: the next look decides', async () => {
    const table = await tableWith([])
    const write = acquireWrite(TABLE, claim('new', 'w2'), readLeaderRow(javaRow))
    assert.equal(await refused(table.putItem(write)), true)
  })
})

describe('heartbeatWrite and releaseLeaderWrite', () => {
  const held = javaRow['recordVersionNumber']?.S ?? ''

  it('renews as KCL does and keeps what else is in the row', async () => {
    const table = await tableWith([{ ...javaRow, data: { S: 'kept' } }])
    await table.updateItem(heartbeatWrite(TABLE, claim('next'), held))
    assert.deepEqual(table.items(TABLE), [
      { ...javaRow, recordVersionNumber: { S: 'next' }, data: { S: 'kept' } },
    ])
  })

  it('is refused for another version, another owner and a row that is gone', async () => {
    for (const rows of [
      [{ ...javaRow, recordVersionNumber: { S: 'other' } }],
      [{ ...javaRow, ownerName: { S: 'w2' } }],
      [],
    ]) {
      const table = await tableWith(rows)
      assert.equal(
        await refused(table.updateItem(heartbeatWrite(TABLE, claim('next'), held))),
        true,
      )
      assert.equal(await refused(table.deleteItem(releaseLeaderWrite(TABLE, 'w1', held))), true)
      assert.equal(table.items(TABLE).length, rows.length)
    }
  })

  it('deletes the row on release', async () => {
    const table = await tableWith([javaRow])
    await table.deleteItem(releaseLeaderWrite(TABLE, 'w1', held))
    assert.deepEqual(table.items(TABLE), [])
  })
})
