import assert from 'node:assert/strict'
import { type dynamo, MAX_HASH_KEY, type Shard } from '@millrace/core'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime, type SimulatedDynamo, type VirtualTime } from '@millrace/testing'
import { LeaseTableError } from '../../src/errors.ts'
import { newLeaseRow } from '../../src/lease/lease-row.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import type { OnRecreatedStream } from '../../src/options.ts'
import { guardAgainstFormerStream } from '../../src/shard-sync/former-stream-guard.ts'
import { TABLE, tableWith } from '../lease/lease-table-fixture.ts'
import { position } from '../lease/leases.ts'
import { shardId, shardOf } from './lineage.ts'

const now = [shardOf({ id: 0, open: true })]
const never = new AbortController().signal

function row(id: number, at: string | number): dynamo.Item {
  return newLeaseRow({
    leaseKey: shardId(id),
    checkpoint: position(at),
    parentShardIds: [],
    hashKeyRange: { start: 0n, end: MAX_HASH_KEY },
    leaseCounter: 7,
  })
}

interface Bench {
  readonly time: VirtualTime
  readonly dynamo: SimulatedDynamo
  lists: number
  list: () => readonly Shard[]
  guard: (policy: OnRecreatedStream) => Promise<void>
}

function guarding(rows: readonly dynamo.Item[], body: (bench: Bench) => Promise<void>) {
  return runInVirtualTime(async (time) => {
    const dynamo = await tableWith(rows)
    const store = new LeaseStore({ dynamo, tableName: TABLE, requestTimeoutMs: 2000 })
    const bench: Bench = {
      time,
      dynamo,
      lists: 0,
      list: () => now,
      guard: (onRecreatedStream) =>
        guardAgainstFormerStream(
          {
            store,
            listShards: async () => {
              bench.lists++
              return bench.list()
            },
            onRecreatedStream,
            logger: silentLogger,
          },
          never,
        ),
    }
    await body(bench)
  })
}

describe('guardAgainstFormerStream', () => {
  it('lists no shards for an empty table, and looks once at leases that fit', () =>
    guarding([], async (bench) => {
      await bench.guard('reset')
      assert.equal(bench.lists, 0)
    }).then(() =>
      guarding([row(0, 1000)], async (bench) => {
        await bench.guard('reset')
        assert.equal(bench.lists, 1)
        assert.equal(bench.time.elapsedMs(), 0)
        assert.equal(bench.dynamo.items(TABLE).length, 1)
      }),
    ))

  it('refuses the leases of a former stream, names the way out and touches nothing', () =>
    guarding([row(0, 999)], async (bench) => {
      await assert.rejects(bench.guard('refuse'), (cause) => {
        assert.ok(cause instanceof LeaseTableError)
        assert.match(cause.message, /former stream.*up to 999, but it began at 1000/)
        assert.match(cause.hint, /onRecreatedStream to 'reset'/)
        return true
      })
      assert.deepEqual(bench.dynamo.items(TABLE), [row(0, 999)])
    }))

  it('deletes them when told to', () =>
    guarding([row(0, 999), row(1, 'SHARD_END')], async (bench) => {
      await bench.guard('reset')
      assert.deepEqual(bench.dynamo.items(TABLE), [])
    }))

  it('does not mistake a list that lags for another stream', () =>
    guarding([row(0, 'SHARD_END'), row(1, 'TRIM_HORIZON')], async (bench) => {
      const guarded = bench.guard('refuse')
      await sleep(1000)
      bench.list = () => [shardOf({ id: 0 }), shardOf({ id: 1, parents: [0], open: true })]
      await guarded
      assert.equal(bench.lists, 2)
    }))

  it('leaves alone what a peer has made while this worker was resetting', () =>
    guarding([row(0, 999), row(1, 999)], async (bench) => {
      let scans = 0
      const made = { ...row(1, 'TRIM_HORIZON'), leaseCounter: { N: '0' } }
      const list = bench.list
      bench.list = () => {
        // After the rows were read: a peer has deleted the old one and made its own.
        if (++scans === 2) void bench.dynamo.putItem({ TableName: TABLE, Item: made })
        return list()
      }
      await bench.guard('reset')
      assert.deepEqual(bench.dynamo.items(TABLE), [made])
    }))
})
