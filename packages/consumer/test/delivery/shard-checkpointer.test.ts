import assert from 'node:assert/strict'
import { isServiceError } from '@millrace/core'
import { runInVirtualTime } from '@millrace/testing'
import { CheckpointTracker } from '../../src/delivery/checkpoint-tracker.ts'
import { ShardCheckpointer } from '../../src/delivery/shard-checkpointer.ts'
import { InvalidCheckpointError, LeaseLostError } from '../../src/errors.ts'
import { FakeTenure, leaseAt, outage, positions } from '../shard-fixture.ts'

function checkpointing(): {
  readonly tenure: FakeTenure
  readonly tracker: CheckpointTracker
  readonly checkpointer: ShardCheckpointer
  readonly abandoned: AbortController
} {
  const tenure = new FakeTenure(leaseAt('5'))
  const tracker = new CheckpointTracker('shard', tenure.lease.checkpoint)
  tracker.markDone({ sequenceNumber: '20', subSequenceNumber: 2 })
  const abandoned = new AbortController()
  const checkpointer = new ShardCheckpointer({ tenure, tracker, signal: abandoned.signal })
  return { tenure, tracker, checkpointer, abandoned }
}

describe('ShardCheckpointer', () => {
  it('stores the last delivered record, and nothing when it is stored already', () =>
    runInVirtualTime(async () => {
      const { tenure, checkpointer } = checkpointing()
      await checkpointer.checkpoint()
      await checkpointer.checkpoint()
      assert.deepEqual(tenure.checkpoints, positions(['20', 2]))
    }))

  it('means what was delivered when it was called, whatever is delivered while it waits', () =>
    runInVirtualTime(async () => {
      const { tenure, tracker, checkpointer } = checkpointing()
      const first = checkpointer.checkpoint({ sequenceNumber: '9' })
      const second = checkpointer.checkpoint()
      tracker.markDelivered({ sequenceNumber: '30', subSequenceNumber: 0 })
      await Promise.all([first, second])
      assert.deepEqual(tenure.checkpoints, positions(['9', 0], ['20', 2]))
    }))

  it('writes one at a time, and a position that a later one has covered not at all', () =>
    runInVirtualTime(async () => {
      const { tenure, checkpointer } = checkpointing()
      const later = checkpointer.checkpoint({ sequenceNumber: '12' })
      const earlier = checkpointer.checkpoint({ sequenceNumber: '9' })
      await Promise.all([later, earlier])
      assert.deepEqual(tenure.checkpoints, positions(['12', 0]))
      await assert.rejects(checkpointer.checkpoint({ sequenceNumber: '9' }), InvalidCheckpointError)
    }))

  it('hands the error of the table to the caller, changed nothing, and goes on', () =>
    runInVirtualTime(async () => {
      const { tenure, tracker, checkpointer } = checkpointing()
      tenure.failures.push(outage())
      await assert.rejects(checkpointer.checkpoint(), isServiceError)
      assert.equal(tracker.stored.sequenceNumber, '5')
      await checkpointer.checkpoint()
      assert.equal(tracker.stored.sequenceNumber, '20')
    }))

  it('refuses without belief, and once abandoned, even what is stored already', () =>
    runInVirtualTime(async () => {
      for (const lose of ['belief', 'abandoned'] as const) {
        const { tenure, checkpointer, abandoned } = checkpointing()
        await checkpointer.checkpoint()
        if (lose === 'belief') tenure.believed = false
        else abandoned.abort()
        await assert.rejects(checkpointer.checkpoint(), LeaseLostError)
        await assert.rejects(checkpointer.prepareCheckpoint(), LeaseLostError)
        await assert.rejects(checkpointer.storeShardEnd(), LeaseLostError)
        assert.equal(tenure.checkpoints.length, 1)
      }
    }))

  it('prepares with state, then commits', () =>
    runInVirtualTime(async () => {
      const { tenure, checkpointer } = checkpointing()
      const state = Uint8Array.of(1)
      const prepared = await checkpointer.prepareCheckpoint({ sequenceNumber: '9' }, state)
      assert.deepEqual(tenure.prepared, [{ at: prepared.position, state }])
      assert.deepEqual(tenure.checkpoints, [])
      await prepared.checkpoint()
      assert.deepEqual(tenure.checkpoints, positions(['9', 0]))
      await checkpointer.prepareCheckpoint({ sequenceNumber: '9' }, state)
      assert.equal(tenure.prepared.length, 1)
    }))

  it('refuses what is no position and no state, and writes nothing', () =>
    runInVirtualTime(async () => {
      const { tenure, checkpointer } = checkpointing()
      for (const wrong of [null, 7, {}, '', 'x', ' 9', '9.0', '-9', 'TRIM_HORIZON', 'SHARD_END']) {
        const at = wrong as unknown as string
        await assert.rejects(checkpointer.checkpoint(at), InvalidCheckpointError, String(wrong))
        await assert.rejects(checkpointer.prepareCheckpoint(at), InvalidCheckpointError)
      }
      const state = 'bytes' as unknown as Uint8Array
      await assert.rejects(checkpointer.prepareCheckpoint('9', state), InvalidCheckpointError)
      assert.deepEqual([tenure.checkpoints, tenure.prepared], [[], []])
    }))

  it('takes the sentinel that is stored, which says nothing new', () =>
    runInVirtualTime(async () => {
      const tenure = new FakeTenure(leaseAt('TRIM_HORIZON'))
      const tracker = new CheckpointTracker('shard', tenure.lease.checkpoint)
      const { signal } = new AbortController()
      const checkpointer = new ShardCheckpointer({ tenure, tracker, signal })
      await checkpointer.checkpoint('TRIM_HORIZON')
      tracker.markDone({ sequenceNumber: '20', subSequenceNumber: 0 })
      await checkpointer.checkpoint('TRIM_HORIZON')
      // In KCL it would pass, being in range, and lose what is behind the horizon.
      await assert.rejects(checkpointer.checkpoint('LATEST'), InvalidCheckpointError)
      assert.deepEqual(tenure.checkpoints, [])
    }))

  it('stores nothing after SHARD_END (R15)', () =>
    runInVirtualTime(async () => {
      const { tenure, checkpointer } = checkpointing()
      const end = checkpointer.storeShardEnd()
      await Promise.all([end, checkpointer.checkpoint(), checkpointer.storeDone()])
      await checkpointer.checkpoint({ sequenceNumber: '9' })
      await checkpointer.storeShardEnd()
      assert.deepEqual(tenure.checkpoints, positions(['SHARD_END', 0]))
    }))
})
