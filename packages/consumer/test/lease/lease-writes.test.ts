import assert from 'node:assert/strict'
import { type dynamo, isServiceError } from '@millrace/core'
import fc from 'fast-check'
import type { Lease } from '../../src/lease/lease.ts'
import {
  afterCheckpoint,
  afterPrepare,
  afterRenewal,
  afterStartTimestamp,
} from '../../src/lease/lease-after.ts'
import { readLeaseRow } from '../../src/lease/lease-row.ts'
import {
  checkpointWrite,
  childShardIdsWrite,
  prepareCheckpointWrite,
  renewWrite,
  startTimestampWrite,
} from '../../src/lease/lease-writes.ts'
import {
  assignWrite,
  completeHandoffWrite,
  releaseWrite,
  startHandoffWrite,
} from '../../src/lease/owner-writes.ts'
import { goldenItem, goldenItems, goldenRequests, type LegacyUpdate } from './golden.ts'
import { TABLE, tableWith } from './lease-table-fixture.ts'
import { leaseOf, position, rowOfLease } from './leases.ts'
import { holdsOn, rowThatFits, updated } from './legacy-update.ts'

function leaseIn(row: dynamo.Item): Lease {
  const reading = readLeaseRow(row)
  if (reading.kind !== 'lease') assert.fail(JSON.stringify(reading))
  return reading.lease
}

/** The row after the write, or undefined when its condition did not hold; then nothing changed. */
async function applied(
  before: dynamo.Item | undefined,
  write: dynamo.UpdateItemInput,
): Promise<dynamo.Item | undefined> {
  const simulated = await tableWith(before === undefined ? [] : [before])
  try {
    await simulated.updateItem(write)
  } catch (cause) {
    assert.ok(isServiceError(cause) && cause.kind === 'condition-failed', String(cause))
    assert.deepEqual(simulated.items(TABLE), before === undefined ? [] : [sorted(before)])
    return undefined
  }
  return sorted(simulated.items(TABLE)[0] ?? {})
}

/** Sets have no order of their own. */
function sorted(row: dynamo.Item): dynamo.Item {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value.SS === undefined ? value : { SS: [...value.SS].sort() },
    ]),
  )
}

interface Twin {
  readonly name: string
  /** KCL's writes of this name that ours does not mean to equal. */
  readonly skip?: (theirs: LegacyUpdate) => boolean
  readonly ours: (lease: Lease, theirs: LegacyUpdate) => dynamo.UpdateItemInput
}

function putText(theirs: LegacyUpdate, name: string): string {
  const value = theirs.AttributeUpdates[name]?.Value
  return value?.S ?? value?.N ?? assert.fail(`${name} is not written`)
}

function putPosition(theirs: LegacyUpdate, prefix: 'checkpoint' | 'pendingCheckpoint') {
  const sub = Number(putText(theirs, `${prefix}SubSequenceNumber`))
  return position(putText(theirs, prefix), sub)
}

const assign = (lease: Lease, theirs: LegacyUpdate): dynamo.UpdateItemInput =>
  assignWrite(TABLE, lease, putText(theirs, 'leaseOwner'))

function renewal(lease: Lease, theirs: LegacyUpdate): dynamo.UpdateItemInput {
  const throughputKBps = theirs.AttributeUpdates['throughputKBps']?.Value?.N
  return renewWrite(TABLE, lease, throughputKBps === undefined ? undefined : Number(throughputKBps))
}

const TWINS: readonly Twin[] = [
  { name: 'assign a lease nobody owns', ours: assign },
  { name: 'assign a lease of another owner', ours: assign },
  { name: 'assign, owner unchanged', ours: assign },
  {
    name: 'finish graceful handoff (assign with checkpointOwner)',
    ours: (lease, theirs) => completeHandoffWrite(TABLE, lease, putText(theirs, 'leaseOwner')),
  },
  {
    name: 'start graceful handoff',
    ours: (lease, theirs) =>
      startHandoffWrite(
        TABLE,
        { ...lease, leaseOwner: putText(theirs, 'checkpointOwner') },
        putText(theirs, 'leaseOwner'),
      ),
  },
  {
    name: 'checkpoint',
    ours: (lease, theirs) => checkpointWrite(TABLE, lease, putPosition(theirs, 'checkpoint')),
  },
  {
    name: 'prepareCheckpoint',
    ours: (lease, theirs) =>
      prepareCheckpointWrite(
        TABLE,
        { ...lease, checkpoint: putPosition(theirs, 'checkpoint') },
        putPosition(theirs, 'pendingCheckpoint'),
        theirs.AttributeUpdates['pendingCheckpointState']?.Value?.B,
      ),
  },
  { name: 'renew', ours: renewal },
  { name: 'renew, handoff known', ours: renewal },
  {
    name: 'write child shard ids',
    ours: (lease, theirs) =>
      childShardIdsWrite(
        TABLE,
        lease.leaseKey,
        theirs.AttributeUpdates['childShardIds']?.Value?.SS ?? [],
      ),
  },
]

/** Rows of every kind that KCL was seen to write, as the ground on which a write falls. */
const BASES: readonly dynamo.Item[] = [
  ...goldenItems('golden3x.json', 'handoff-pending'),
  ...goldenItems('golden3x.json', 'merge-child-created'),
  ...goldenItems('goldenprepared.json', 'prepared'),
].filter((item) => item['entityType']?.S === 'LEASE')

describe('the writes of a lease, beside those of KCL', () => {
  for (const { name, ours } of TWINS) {
    it(`${name}: leaves the same row behind`, async () => {
      const requests = goldenRequests<LegacyUpdate>(name)
      assert.ok(requests.length > 0)
      for (const theirs of requests) {
        for (const base of BASES) {
          const before: dynamo.Item = {
            ...rowThatFits(base, theirs),
            private: { S: 'of other software' },
          }
          // KCL writes the range that it has in memory, ours that of the row it read.
          const start = theirs.AttributeUpdates['startingHashKey']?.Value
          const end = theirs.AttributeUpdates['endingHashKey']?.Value
          const ground =
            start === undefined || end === undefined
              ? before
              : { ...before, startingHashKey: start, endingHashKey: end }
          const write = ours(leaseIn(ground), theirs)
          assert.deepEqual(await applied(ground, write), sorted(updated(ground, theirs)))
        }
      }
    })

    it(`${name}: is refused whenever KCL's would be`, async () => {
      const strangers: readonly dynamo.Item[] = [
        { leaseOwner: { S: 'stranger' } },
        { checkpointOwner: { S: 'stranger' } },
        { leaseCounter: { N: '4711' } },
      ]
      let refused = 0
      for (const theirs of goldenRequests<LegacyUpdate>(name)) {
        for (const base of BASES) {
          const before = rowThatFits(base, theirs)
          const write = ours(leaseIn(before), theirs)
          for (const change of strangers) {
            const now = { ...before, ...change }
            if (holdsOn(now, theirs)) continue
            refused++
            assert.equal(await applied(now, write), undefined, JSON.stringify(change))
          }
          assert.equal(await applied(undefined, write), undefined, 'a missing row gets no stub')
        }
      }
      assert.ok(refused > 0 || name === 'write child shard ids')
    })
  }
})

describe('the writes of a lease, from one moment of KCL to the next', () => {
  it('assigning the created leases gives the rows that the leader wrote', async () => {
    for (const before of goldenItems('golden3x.json', 'leases-created')) {
      if (before['entityType']?.S !== 'LEASE') continue
      const key = before['leaseKey']?.S ?? ''
      const write = assignWrite(TABLE, leaseIn(before), 'w1')
      assert.deepEqual(
        await applied(before, write),
        goldenItem('golden3x.json', 'assigned-not-renewed', key),
      )
    }
  })

  it('SHARD_END on the split parent gives the ended row, children included', async () => {
    const key = 'shardId-000000000000'
    const before = goldenItem('golden3x.json', 'split-children-created', key)
    const withChildren = await applied(
      before,
      childShardIdsWrite(TABLE, key, ['shardId-000000000005', 'shardId-000000000004']),
    )
    assert.ok(withChildren !== undefined)
    assert.deepEqual(
      await applied(
        withChildren,
        checkpointWrite(TABLE, leaseIn(withChildren), position('SHARD_END')),
      ),
      goldenItem('golden3x.json', 'split-parent-ended', key),
    )
  })

  it('a checkpoint inside an aggregate gives the row that KCL stopped with', async () => {
    for (const shard of [0, 1]) {
      const key = `shardId-00000000000${shard}`
      const before = goldenItem('goldenprepared.json', 'committed-mid', key)
      const after = goldenItem('goldenprepared.json', 'stopped', key)
      const write = checkpointWrite(TABLE, leaseIn(before), leaseIn(after).checkpoint)
      assert.deepEqual(await applied(before, write), after)
    }
  })

  it('a hash key range taken out by hand comes back with the next checkpoint of the holder', async () => {
    const key = 'shardId-000000000001'
    const file = 'goldenhandofftimeout.json'
    const held = leaseIn(goldenItem(file, 'handoff-forced-later', key))
    const after = goldenItem(file, 'hash-range-filled', key)
    const write = checkpointWrite(TABLE, held, leaseIn(after).checkpoint)
    assert.deepEqual(await applied(goldenItem(file, 'hash-range-removed', key), write), after)
  })
})

describe('assignWrite', () => {
  it('counts a switch when the owner changes or a handoff is taken back, and else none', async () => {
    const cases: readonly (readonly [Partial<Lease>, string, number])[] = [
      [{ leaseOwner: undefined }, 'b', 0],
      [{ leaseOwner: 'a' }, 'b', 1],
      [{ leaseOwner: 'a' }, 'a', 0],
      [{ leaseOwner: 'b', checkpointOwner: 'a' }, 'b', 0],
      [{ leaseOwner: 'b', checkpointOwner: 'a' }, 'a', 1],
      [{ leaseOwner: 'b', checkpointOwner: 'a' }, 'c', 1],
    ]
    for (const [owners, newOwner, switches] of cases) {
      const before = rowWith(owners)
      const after = await applied(before, assignWrite(TABLE, leaseIn(before), newOwner))
      assert.equal(after?.['ownerSwitchesSinceCheckpoint']?.N, String(switches))
      assert.equal(after['leaseOwner']?.S, newOwner)
      assert.equal(after['checkpointOwner'], undefined)
    }
  })

  it('is refused when the holder has renewed since', async () => {
    const before = rowWith({ leaseOwner: 'a' })
    const write = assignWrite(TABLE, leaseIn(before), 'b')
    assert.equal(await applied({ ...before, leaseCounter: { N: '8' } }, write), undefined)
  })
})

describe('releaseWrite', () => {
  it('frees the lease, also one that is promised to another', async () => {
    for (const checkpointOwner of [undefined, 'a']) {
      const owned = rowWith({ leaseOwner: 'b', checkpointOwner })
      const freed = await applied(owned, releaseWrite(TABLE, leaseIn(owned)))
      assert.equal(freed?.['leaseOwner'], undefined)
      assert.equal(freed?.['checkpointOwner'], undefined)
      assert.equal(freed?.['leaseCounter']?.N, '8')
    }
  })

  it('is refused when the owners have changed', async () => {
    const write = releaseWrite(TABLE, leaseIn(rowWith({ leaseOwner: 'a' })))
    assert.equal(await applied(rowWith({ leaseOwner: 'b' }), write), undefined)
    assert.equal(
      await applied(rowWith({ leaseOwner: 'a', checkpointOwner: 'b' }), write),
      undefined,
    )
  })
})

describe('lease-after', () => {
  it('says what the row says after the write, whatever the row was', async () => {
    const lease = fc
      .record({
        leaseCounter: fc.nat(),
        checkpoint: fc.constantFrom(position('TRIM_HORIZON'), position(100, 3)),
        pendingCheckpoint: fc.constantFrom(undefined, position(150)),
        startTimestampMs: fc.constantFrom(undefined, 1_700_000_000_000),
        hashKeyRange: fc.constantFrom(undefined, { start: 0n, end: 99n }),
        parentShardIds: fc.constantFrom([], ['p1', 'p2']),
        childShardIds: fc.constantFrom([], ['c1']),
        ownerSwitchesSinceCheckpoint: fc.nat(3),
      })
      .map((fields) => leaseOf('s', { ...fields, leaseOwner: 'me' }))
    const state = new Uint8Array([1, 2])
    const throughput = fc.constantFrom(undefined, 0, 0.5, 1234.000001)
    await fc.assert(
      fc.asyncProperty(lease, fc.boolean(), throughput, async (known, withState, kbps) => {
        const row = rowWith(known)
        const kept = withState ? state : undefined
        for (const [write, after] of [
          [renewWrite(TABLE, known, kbps), afterRenewal(known, kbps)],
          [
            checkpointWrite(TABLE, known, position(200, 1), kbps),
            afterCheckpoint(known, position(200, 1), kbps),
          ],
          [
            prepareCheckpointWrite(TABLE, known, position(200), kept, kbps),
            afterPrepare(known, position(200), kept, kbps),
          ],
          [startTimestampWrite(TABLE, known, 5), afterStartTimestamp(known, 5)],
        ] as const) {
          const stored = await applied(row, write)
          assert.deepEqual(stored === undefined ? undefined : leaseIn(stored), after)
        }
      }),
      { numRuns: 40 },
    )
  })
})

function rowWith(fields: Partial<Lease>): dynamo.Item {
  return rowOfLease(leaseOf('s', { leaseCounter: 7, checkpoint: position(100), ...fields }))
}
