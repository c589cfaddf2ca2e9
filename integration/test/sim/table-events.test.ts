/** What writes to the lease table mean. */
import assert from 'node:assert/strict'
import type { AppliedWrite } from '@millrace/testing'
import { tableEvent } from '../../sim/checkers/table-events.ts'

type Item = NonNullable<AppliedWrite['before']>
const S = 'shardId-000000000000'

function row(owner?: string, checkpointOwner?: string, counter = 1, at = '5'): Item {
  return {
    entityType: { S: 'LEASE' },
    leaseCounter: { N: String(counter) },
    checkpoint: { S: at },
    ...(owner === undefined ? {} : { leaseOwner: { S: owner } }),
    ...(checkpointOwner === undefined ? {} : { checkpointOwner: { S: checkpointOwner } }),
  }
}

function write(before: Item | undefined, after: Item | undefined, by: string): AppliedWrite {
  return {
    ...{ tableName: 't', key: { leaseKey: { S } }, before, after, operation: 'UpdateItem' },
    origin: { process: by, sentMs: 0 },
  }
}

describe('tableEvent', () => {
  const kindOf = (before: Item | undefined, after: Item | undefined, by: string): unknown =>
    tableEvent(write(before, after, by))?.kind

  it('is silent about heartbeats and checkpoints', () => {
    assert.equal(kindOf(row('a'), row('a', undefined, 2, '6'), 'a'), undefined)
  })

  it('knows leases that come, go, end and change hands', () => {
    assert.equal(kindOf(undefined, row(), 'a'), 'lease-created')
    assert.equal(kindOf(row('a'), undefined, 'a'), 'lease-deleted')
    assert.equal(kindOf(row('a'), row('a', undefined, 2, 'SHARD_END'), 'a'), 'shard-end-stored')
    assert.equal(kindOf(row('a'), row('b'), 'c'), 'assigned')
    assert.equal(kindOf(row('a'), row(), 'a'), 'released')
  })

  it('tells a handoff that its old holder ended from one that was ended for it', () => {
    assert.equal(kindOf(row('a'), row('b', 'a'), 'c'), 'handoff-begun')
    assert.equal(kindOf(row('b', 'a'), row('b'), 'a'), 'handoff-completed')
    assert.equal(kindOf(row('b', 'a'), row('b'), 'c'), 'handoff-forced')
    assert.equal(kindOf(row('b', 'a'), row(), 'a'), 'handoff-freed')
  })

  it('knows who leads', () => {
    const lock = (ownerName: string): Item => ({
      entityType: { S: 'LEADER' },
      ownerName: { S: ownerName },
    })
    assert.deepEqual(tableEvent(write(lock('a'), lock('b'), 'b')), {
      ...{ kind: 'leader', from: 'a', to: 'b', by: 'b' },
    })
    assert.equal(kindOf(lock('a'), lock('a'), 'a'), undefined)
    assert.equal(kindOf(lock('a'), undefined, 'a'), 'no-leader')
  })
})
