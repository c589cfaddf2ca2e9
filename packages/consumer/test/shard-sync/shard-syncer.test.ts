import assert from 'node:assert/strict'
import { InvalidStreamModelError, type KinesisPort, type kinesis } from '@millrace/core'
import {
  ControlPlane,
  childShardFromService,
  resolveStreamRef,
  silentLogger,
  sleep,
} from '@millrace/core/internal'
import { runInVirtualTime, SimulatedDynamo, SimulatedKinesis } from '@millrace/testing'
import type { Lease } from '../../src/lease/lease.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { createTableInput } from '../../src/lease-table/table-shape.ts'
import type { InitialPosition } from '../../src/options.ts'
import { counterMadeAgain } from '../../src/shard-sync/counter-made-again.ts'
import type { ChildOfShard } from '../../src/shard-sync/shard-end-plan.ts'
import { ShardSyncer } from '../../src/shard-sync/shard-syncer.ts'
import { leaseOf, position } from '../lease/leases.ts'
import { shardId } from './lineage.ts'

const STREAM = 'orders'
const TABLE = 'leases'
const HALF = 1n << 127n
const never = new AbortController().signal

class Bench {
  readonly kinesis: SimulatedKinesis
  readonly store: LeaseStore
  /** Keys of rows, and 'children of KEY', in the order in which they were written. */
  readonly written: string[] = []
  readonly dynamo: SimulatedDynamo

  constructor(kinesis: SimulatedKinesis) {
    this.kinesis = kinesis
    this.dynamo = new SimulatedDynamo({
      onWrite: ({ key, before, after }) => {
        const name = key['leaseKey']?.S ?? ''
        const children = before !== undefined && after?.['childShardIds'] !== undefined
        this.written.push(children ? `children of ${name}` : name)
      },
    })
    this.store = new LeaseStore({ dynamo: this.dynamo, tableName: TABLE, requestTimeoutMs: 2000 })
  }

  syncer(initialPosition: InitialPosition, port: KinesisPort = this.kinesis): ShardSyncer {
    return new ShardSyncer({
      control: new ControlPlane({
        kinesis: port,
        stream: resolveStreamRef('stream', STREAM),
        logger: silentLogger,
      }),
      store: this.store,
      initialPosition,
      workerId: 'me',
      logger: silentLogger,
    })
  }

  async leases(): Promise<readonly Lease[]> {
    return (await this.store.scan(true)).leases
  }

  async sync(initialPosition: InitialPosition): Promise<number> {
    return await this.syncer(initialPosition).sync(await this.leases(), never)
  }

  async split(shard: number, at: bigint): Promise<void> {
    await this.kinesis.splitShard({
      StreamName: STREAM,
      ShardToSplit: shardId(shard),
      NewStartingHashKey: at.toString(),
    })
  }

  async merge(shard: number, adjacent: number): Promise<void> {
    await this.kinesis.mergeShards({
      StreamName: STREAM,
      ShardToMerge: shardId(shard),
      AdjacentShardToMerge: shardId(adjacent),
    })
  }

  /** As the last page of the parent names them. */
  async childrenOf(shard: number): Promise<ChildOfShard[]> {
    const { ShardIterator } = await this.kinesis.getShardIterator({
      StreamName: STREAM,
      ShardId: shardId(shard),
      ShardIteratorType: 'TRIM_HORIZON',
    })
    const { ChildShards } = await this.kinesis.getRecords({ ShardIterator: ShardIterator ?? '' })
    return (ChildShards ?? []).map(childShardFromService)
  }
}

function onStream(shards: number, body: (bench: Bench) => Promise<void>): Promise<void> {
  return runInVirtualTime(async () => {
    const service = new SimulatedKinesis()
    await service.createStream({ StreamName: STREAM, ShardCount: shards })
    const bench = new Bench(service)
    await bench.dynamo.createTable(createTableInput(TABLE))
    await body(bench)
  })
}

function shown(leases: readonly Lease[]): string[] {
  return leases.map(
    ({ leaseKey, checkpoint }) => `${Number(leaseKey.slice(8))} @${checkpoint.sequenceNumber}`,
  )
}

describe('ShardSyncer.sync', () => {
  it('makes a lease for each shard that was open at the initial position', () =>
    onStream(2, async (bench) => {
      assert.equal(await bench.sync('TRIM_HORIZON'), 2)
      assert.deepEqual(shown(await bench.leases()), ['0 @TRIM_HORIZON', '1 @TRIM_HORIZON'])
      assert.equal(await bench.sync('TRIM_HORIZON'), 0)
    }))

  it('takes the children at LATEST, and the parent at TRIM_HORIZON', () =>
    onStream(1, async (bench) => {
      await bench.split(0, HALF)
      assert.equal(await bench.sync('LATEST'), 2)
      assert.deepEqual(shown(await bench.leases()), ['1 @LATEST', '2 @LATEST'])
    }).then(() =>
      onStream(1, async (bench) => {
        await bench.split(0, HALF)
        assert.equal(await bench.sync('TRIM_HORIZON'), 1)
        assert.deepEqual(shown(await bench.leases()), ['0 @TRIM_HORIZON'])
        // The children come when it ends, and not before.
        assert.equal(await bench.sync('TRIM_HORIZON'), 0)
      }),
    ))

  it('heals a lease that was deleted by hand', () =>
    onStream(3, async (bench) => {
      await bench.sync('LATEST')
      const Key = { leaseKey: { S: shardId(1) } }
      await bench.dynamo.deleteItem({ TableName: TABLE, Key })
      assert.equal(await bench.sync('LATEST'), 1)
      assert.deepEqual(shown(await bench.leases()), ['0 @LATEST', '1 @LATEST', '2 @LATEST'])
    }))

  it('restores what is remembered of a table that was emptied, where it was', () =>
    onStream(2, async (bench) => {
      await bench.sync('LATEST')
      const leases = await bench.leases()
      const [first] = leases
      assert.ok(first !== undefined)
      for (const { leaseKey } of leases) {
        await bench.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: leaseKey } } })
      }
      const remembered = [{ ...first, checkpoint: position('9'.repeat(60)) }]
      const holes = [{ start: 0n, end: (1n << 128n) - 1n }]
      const made = await bench.syncer('LATEST').sync([], never, { remembered, holes })
      assert.equal(made, 2)
      assert.deepEqual(shown(await bench.leases()), [`0 @${'9'.repeat(60)}`, '1 @TRIM_HORIZON'])
    }))

  it('ends a shard again whose sibling was tidied away, once the children have leases', () =>
    onStream(2, async (bench) => {
      await bench.sync('TRIM_HORIZON')
      await bench.merge(0, 1)
      const children = await bench.childrenOf(0)
      const syncer = bench.syncer('TRIM_HORIZON')
      assert.equal(await syncer.endShard(ending(0), children, never), 'ended')
      await bench.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: shardId(1) } } })
      assert.equal(await syncer.endShard(ending(0), children, never), 'ended')
    }))

  it('makes the lost child of a merge again so that no former holder takes it for its own', () =>
    onStream(2, async (bench) => {
      await bench.sync('TRIM_HORIZON')
      await bench.merge(0, 1)
      const children = await bench.childrenOf(0)
      const syncer = bench.syncer('TRIM_HORIZON')
      await syncer.endShard(ending(0), children, never)
      assert.equal((await bench.store.get(shardId(2)))?.leaseCounter, 0)
      const [first] = await bench.leases()
      assert.ok(first !== undefined)
      const owned = await bench.store.assign(first, 'me')
      assert.ok(owned !== undefined)
      await bench.store.checkpoint(owned, 'me', position('SHARD_END'))
      let former = 0
      for (let loss = 1; loss <= 2; loss++) {
        await bench.dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: shardId(2) } } })
        await sleep(1)
        await syncer.endShard(ending(1), children, never)
        const { leaseCounter = 0 } = (await bench.store.get(shardId(2))) ?? {}
        assert.ok(leaseCounter > former + (loss === 1 ? 1000 : 0), `loss ${loss}`)
        former = leaseCounter
      }
    }))

  it('makes nothing of what it listed once it may not go on', () =>
    onStream(2, async (bench) => {
      const lost = { remembered: [], holes: [] }
      const syncer = bench.syncer('TRIM_HORIZON')
      assert.equal(await syncer.sync([], never, lost, () => false), 0)
      assert.deepEqual(await bench.leases(), [])
      let asked = 0
      assert.equal(await syncer.sync([], never, lost, () => ++asked < 2), 1)
    }))

  it('leaves to others what they made first', () =>
    onStream(2, async (bench) => {
      const made = await Promise.all([bench.sync('LATEST'), bench.sync('LATEST')])
      assert.equal(made[0] + made[1], 2)
      assert.equal((await bench.leases()).length, 2)
    }))

  it('makes nothing from a list that leaves hash keys out, and says that it will be listed again', () =>
    onStream(2, async (bench) => {
      const port = withList(bench.kinesis, (shards) => shards.slice(1))
      await assert.rejects(bench.syncer('LATEST', port).sync([], never), (cause) => {
        assert.ok(cause instanceof InvalidStreamModelError)
        assert.equal(cause.retryable, true)
        return true
      })
      assert.deepEqual(await bench.leases(), [])
    }))
})

describe('ShardSyncer.endShard', () => {
  it('starts children far up whose parent may have been made a second time', () =>
    onStream(1, async (bench) => {
      await bench.sync('TRIM_HORIZON')
      await bench.split(0, HALF)
      const children = await bench.childrenOf(0)
      const madeAgain = counterMadeAgain(0)
      await bench.syncer('TRIM_HORIZON').endShard(ending(0, madeAgain), children, never)
      for (const { leaseCounter } of (await bench.leases()).slice(1)) {
        assert.ok(leaseCounter > madeAgain)
      }
    }))

  it('makes the leases of the children before it names them on the parent', () =>
    onStream(1, async (bench) => {
      await bench.sync('TRIM_HORIZON')
      await bench.split(0, HALF)
      bench.written.length = 0
      const syncer = bench.syncer('TRIM_HORIZON')
      const children = await bench.childrenOf(0)
      assert.equal(await syncer.endShard(ending(0), children, never), 'ended')
      assert.deepEqual(bench.written, [shardId(1), shardId(2), `children of ${shardId(0)}`])
      const [parent, first, second] = await bench.leases()
      assert.deepEqual(parent?.childShardIds, [shardId(1), shardId(2)])
      assert.equal(
        parent.checkpoint.sequenceNumber,
        'TRIM_HORIZON',
        'SHARD_END is not ours to write',
      )
      assert.equal(first?.leaseOwner, 'me')
      assert.equal(second?.leaseOwner, undefined)
      assert.deepEqual(second?.parentShardIds, [shardId(0)])
    }))

  it('starts the children at TRIM_HORIZON also from LATEST: nothing lies between', () =>
    onStream(1, async (bench) => {
      await bench.sync('LATEST')
      await bench.split(0, HALF)
      await bench.syncer('LATEST').endShard(ending(0), await bench.childrenOf(0), never)
      assert.deepEqual(shown(await bench.leases()), [
        '0 @LATEST',
        '1 @TRIM_HORIZON',
        '2 @TRIM_HORIZON',
      ])
    }))

  it('can be repeated after a crash at any point, with the same end', () =>
    onStream(1, async (bench) => {
      await bench.sync('TRIM_HORIZON')
      await bench.split(0, HALF)
      const children = await bench.childrenOf(0)
      const syncer = bench.syncer('TRIM_HORIZON')
      for (const operation of ['putItem', 'updateItem'] as const) {
        bench.dynamo.injectFault({ operation, kind: 'lose-reply' })
        await assert.rejects(syncer.endShard(ending(0), children, never))
      }
      assert.equal(await syncer.endShard(ending(0), children, never), 'ended')
      const leases = await bench.leases()
      assert.equal(leases.length, 3)
      assert.deepEqual(leases[0]?.childShardIds, [shardId(1), shardId(2)])
    }))

  it('waits with a merge until the lease of the other parent exists', () =>
    onStream(2, async (bench) => {
      await bench.sync('LATEST')
      const Key = { leaseKey: { S: shardId(1) } }
      await bench.dynamo.deleteItem({ TableName: TABLE, Key })
      await bench.merge(0, 1)
      const children = await bench.childrenOf(0)
      const syncer = bench.syncer('LATEST')
      assert.equal(await syncer.endShard(ending(0), children, never), 'blocked')
      assert.deepEqual(shown(await bench.leases()), ['0 @LATEST'])
      // The next sync finds the gap; from then on the shard may end.
      assert.equal(await bench.sync('LATEST'), 1)
      assert.equal(await syncer.endShard(ending(0), children, never), 'ended')
      assert.deepEqual(shown(await bench.leases()), ['0 @LATEST', '1 @LATEST', '2 @TRIM_HORIZON'])
    }))

  it('does not wait for a parent that retention has trimmed away', () =>
    onStream(1, async (bench) => {
      await bench.sync('LATEST')
      const child: ChildOfShard = {
        shardId: shardId(7),
        parentShardIds: [shardId(0), 'shardId-trimmed'],
        hashKeyRange: { start: 0n, end: 9n },
      }
      assert.equal(await bench.syncer('LATEST').endShard(ending(0), [child], never), 'ended')
    }))

  it('lets both parents of a merge end, whoever is first', () =>
    onStream(2, async (bench) => {
      await bench.sync('TRIM_HORIZON')
      await bench.merge(0, 1)
      const syncer = bench.syncer('TRIM_HORIZON')
      for (const parent of [1, 0]) {
        const children = await bench.childrenOf(parent)
        assert.equal(await syncer.endShard(ending(parent), children, never), 'ended')
      }
      const leases = await bench.leases()
      assert.equal(leases.length, 3)
      assert.deepEqual(leases[0]?.childShardIds, [shardId(2)])
      assert.deepEqual(leases[1]?.childShardIds, [shardId(2)])
    }))

  it('has nothing to do for a shard of a deleted stream, which has no children', () =>
    onStream(1, async (bench) => {
      bench.written.length = 0
      assert.equal(await bench.syncer('LATEST').endShard(ending(0), [], never), 'ended')
      assert.deepEqual(bench.written, [])
    }))
})

describe('ShardSyncer.unendedParents', () => {
  it('names the parents whose lease exists and is not at SHARD_END', () =>
    onStream(3, async (bench) => {
      await bench.sync('TRIM_HORIZON')
      const [ended] = await bench.leases()
      assert.ok(ended !== undefined)
      const owned = await bench.store.assign(ended, 'me')
      assert.ok(owned !== undefined)
      await bench.store.checkpoint(owned, 'me', position('SHARD_END'))
      const syncer = bench.syncer('TRIM_HORIZON')
      const waitingFor = (parents: readonly string[]): Promise<readonly string[]> =>
        syncer.unendedParents(leaseOf('child', { parentShardIds: parents }))
      assert.deepEqual(await waitingFor([]), [])
      assert.deepEqual(await waitingFor([shardId(0)]), [])
      assert.deepEqual(await waitingFor([shardId(0), shardId(1)]), [shardId(1)])
      assert.deepEqual(await waitingFor([shardId(2), shardId(1)]), [shardId(2), shardId(1)])
      assert.deepEqual(await waitingFor(['shardId-without-lease']), [])
    }))
})

/** The same service, whose list of shards is tampered with. */
function withList(
  port: KinesisPort,
  change: (shards: readonly kinesis.ServiceShard[]) => readonly kinesis.ServiceShard[],
): KinesisPort {
  return new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (name !== 'listShards') return typeof member === 'function' ? member.bind(target) : member
      return async (input: kinesis.ListShardsInput) => {
        const output = await target.listShards(input)
        return { ...output, Shards: change(output.Shards) }
      }
    },
  })
}

function ending(shard: number, leaseCounter = 7): { shardId: string; leaseCounter: number } {
  return { shardId: shardId(shard), leaseCounter }
}
