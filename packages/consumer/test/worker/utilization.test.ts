import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import type { LeaseOptions } from '../../src/options.ts'
import { type Fleet, inFleet, STREAM } from './fleet.ts'

const KB = 1024
/** Of the four shards, each second. The last carries as much as the others twice over. */
const KB_PER_SECOND = [10, 10, 10, 60] as const
const HOT = 'shardId-000000000003'

function keepPutting(fleet: Fleet): () => void {
  let isStopped = false
  void (async () => {
    while (!isStopped) {
      for (const [i, kilobytes] of KB_PER_SECOND.entries()) {
        await fleet.world.kinesis.putRecord({
          StreamName: STREAM,
          Data: Buffer.alloc(kilobytes * KB, 'x'),
          PartitionKey: 'any',
          ExplicitHashKey: String((1n << 126n) * BigInt(i)),
        })
      }
      await sleep(1000)
    }
  })()
  return () => {
    isStopped = true
  }
}

function throughputOf(fleet: Fleet, leaseKey: string): number {
  return Number(fleet.row(leaseKey)?.['throughputKBps']?.N)
}

describe('Worker, with assignment by utilization', () => {
  it('stores what its leases carry', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      fleet.start('a')
      await fleet.until('all leases', () => fleet.isSpread(4, 'a'))
      assert.ok(Number.isNaN(throughputOf(fleet, HOT)))
      const stop = keepPutting(fleet)
      await sleep(60_000)
      KB_PER_SECOND.forEach((kilobytes, i) => {
        const stored = throughputOf(fleet, `shardId-00000000000${i}`)
        assert.ok(Math.abs(stored - kilobytes) < 0.3 * kilobytes, `${stored} for ${kilobytes}`)
      })
      stop()
      await sleep(100_000)
      assert.equal(throughputOf(fleet, HOT), 0)
      await fleet.close('a')
    }))

  it('gives a worker that joins all shards but the hot one, and then leaves them there', () =>
    inFleet({ shards: 4 }, async (fleet) => {
      const lease: LeaseOptions = {
        assignmentStrategy: 'worker-utilization',
        workerUtilization: { varianceBalancingFrequency: 2 },
      }
      fleet.start('a', { options: { lease } })
      const stop = keepPutting(fleet)
      await fleet.until('all leases', () => fleet.isSpread(4, 'a'))
      await sleep(30_000)
      fleet.start('b', { options: { lease } })
      await fleet.until('what is not hot', () => fleet.leasesOf('b').length === 3)
      assert.deepEqual(fleet.leasesOf('a'), [HOT])
      const moves = fleet.moves.length
      await sleep(60_000)
      assert.equal(fleet.moves.length, moves)
      stop()
      await fleet.close('a', 'b')
    }))
})
