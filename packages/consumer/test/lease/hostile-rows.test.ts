/** Rows of hostile writers through all that decides about leases (R42, reliability.md 5.1). */
import assert from 'node:assert/strict'
import { type dynamo, MAX_HASH_KEY } from '@millrace/core'
import { isSequenceNumber, isSequenceSentinel } from '@millrace/core/internal'
import { planAssignment } from '../../src/assignment/lease-count-plan.ts'
import { LeaseObserver } from '../../src/leader/lease-observer.ts'
import { isShardEnded, type Lease } from '../../src/lease/lease.ts'
import { readLeaseRow } from '../../src/lease/lease-row.ts'
import { keyOf } from '../../src/lease/lease-writes.ts'
import { snapshotOf } from '../../src/lease/table-snapshot.ts'
import { planCleanup } from '../../src/shard-sync/cleanup-plan.ts'
import { formerStream } from '../../src/shard-sync/former-stream.ts'
import { HashRangeAudit, lacksRange } from '../../src/shard-sync/hash-range-audit.ts'
import { HostileRows } from './hostile-rows.ts'
import { mayBeLease } from './lease-oracle.ts'

const ROWS = 100_000
const TABLE_ROWS = 500
const SEED = 20_261_125

function checkLease(lease: Lease, row: dynamo.Item): void {
  assert.ok(Number.isSafeInteger(lease.leaseCounter) && lease.leaseCounter >= 0)
  assert.ok(Number.isSafeInteger(lease.ownerSwitchesSinceCheckpoint))
  for (const at of [lease.checkpoint, lease.pendingCheckpoint]) {
    if (at === undefined) continue
    assert.ok(isSequenceNumber(at.sequenceNumber) || isSequenceSentinel(at.sequenceNumber))
    assert.ok(Number.isSafeInteger(at.subSequenceNumber) && at.subSequenceNumber >= 0)
  }
  for (const owner of ['leaseOwner', 'checkpointOwner'] as const) {
    assert.notEqual(lease[owner], '')
    assert.equal(lease[owner] ?? '', row[owner]?.S ?? '')
  }
  for (const id of [...lease.parentShardIds, ...lease.childShardIds]) {
    assert.equal(typeof id, 'string')
  }
  if (lease.hashKeyRange === undefined) return
  assert.ok(lease.hashKeyRange.start <= lease.hashKeyRange.end)
  assert.ok(lease.hashKeyRange.end <= MAX_HASH_KEY)
}

/** One table through every pure part that reads it. Returns how many of its rows were leases. */
function decideAbout(rows: readonly dynamo.Item[]): number {
  const { leases, workers, skipped } = snapshotOf(rows)
  const observer = new LeaseObserver(10_000)
  observer.observe(leases, { sentMs: 0, answeredMs: 1 })
  const expired = observer.observe(leases, { sentMs: 20_000, answeredMs: 20_001 })
  const plan = planAssignment({
    ...{ leases, expired, maxLeasesForWorker: 1000, balance: true },
    workers: ['a', 'b', ...workers.map(({ workerId }) => workerId)],
  })
  const known = new Set(leases.map(({ leaseKey }) => leaseKey))
  const spared = new Set(skipped.map(({ leaseKey }) => leaseKey))
  for (const { lease, newOwner } of plan.assignments) {
    assert.ok(known.has(lease.leaseKey) && newOwner !== '')
    assert.deepEqual(keyOf(lease.leaseKey), { leaseKey: { S: lease.leaseKey } })
  }
  const due = new Set(leases.filter(isShardEnded).map(({ leaseKey }) => leaseKey))
  for (const key of planCleanup({ leases, due, shards: [] })) {
    assert.ok(known.has(key) && !spared.has(key))
  }
  for (const { start, end } of new HashRangeAudit().audit(leases).holes) {
    assert.ok(start >= 0n && start <= end && end <= MAX_HASH_KEY)
  }
  assert.equal(typeof lacksRange(leases), 'boolean')
  formerStream(leases, [])
  return leases.length
}

describe('Hostile rows', () => {
  it(`${ROWS.toLocaleString('en')} through reader, snapshot, observation, plans and audit: no crash, none taken for a lease that is not one`, function () {
    this.timeout(60_000)
    const rows = new HostileRows(SEED, { storable: false })
    const kinds = new Map<string, number>()
    let read = 0
    let leases = 0
    let expected = 0
    while (read < ROWS) {
      const batch: dynamo.Item[] = []
      const keys = new Set<unknown>()
      while (batch.length < TABLE_ROWS) {
        const row = rows.next()
        const reading = readLeaseRow(row)
        read++
        kinds.set(reading.kind, (kinds.get(reading.kind) ?? 0) + 1)
        if ((reading.kind === 'lease') !== mayBeLease(row)) {
          assert.fail(`${reading.kind}: ${JSON.stringify(row).slice(0, 2000)}`)
        }
        if (reading.kind === 'lease') checkLease(reading.lease, row)
        // A table has each key once.
        const key = row['leaseKey']?.S
        if (keys.has(key)) continue
        keys.add(key)
        batch.push(row)
        if (reading.kind === 'lease') expected++
      }
      leases += decideAbout(batch)
    }
    assert.ok(read >= ROWS, `${read}`)
    assert.equal(leases, expected)
    assert.equal(Object.hasOwn(Object.prototype, 'S'), false, 'nothing reached a prototype')
    // Hostility that is all of one kind would prove little.
    for (const kind of ['lease', 'malformed', 'multi-stream', 'unknown', 'other']) {
      assert.ok((kinds.get(kind) ?? 0) > ROWS / 100, JSON.stringify([...kinds]))
    }
  })
})
