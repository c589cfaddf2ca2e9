import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { InvalidCheckpointError, LeaseLostError } from '../../src/errors.ts'
import { position } from '../lease/leases.ts'
import { BELIEF, F, holding, isNoAnswer, KEY } from './held-lease-fixture.ts'

const RENEWAL_MS = F / 3

describe('HeldLease: the tenure', () => {
  it('begins with the first renewal, whose counter is the epoch', () =>
    holding(async ({ held }) => {
      assert.equal(held.believes(), false)
      await held.begin()
      assert.equal(held.epoch, 42)
      assert.equal(held.believes(), true)
      assert.equal(held.leaseKey, KEY)
      await sleep(5 * F)
      assert.equal(held.epoch, 42)
      assert.ok(held.lease.leaseCounter > 42)
    }))

  it('does not begin on a row that another worker has', () =>
    holding(async (bench) => {
      const stolen = await bench.steal()
      await assert.rejects(bench.held.begin(), LeaseLostError)
      assert.equal(bench.held.believes(), false)
      assert.deepEqual(await bench.row(), stolen)
      assert.equal(bench.time.waitingEvents(), 0)
    }))

  it('does not begin while the table does not answer', () =>
    holding(async (bench) => {
      bench.cutOff()
      await assert.rejects(bench.held.begin(), isNoAnswer)
      assert.equal(bench.held.believes(), false)
      assert.equal(bench.ends.length, 1)
      assert.equal(bench.time.waitingEvents(), 0)
    }))

  it('renews every third of F for as long as it is held', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await sleep(10 * F - 100)
      assert.equal(bench.held.believes(), true)
      assert.equal((await bench.row()).leaseCounter, 42 + 29)
      assert.deepEqual(bench.ends, [])
    }))

  it('renews a third of F after the last renewal was sent, however late its answer comes', async () => {
    const atMs: number[] = []
    let elapsedMs = (): number => 0
    await holding(
      async (bench) => {
        elapsedMs = () => bench.time.elapsedMs()
        await bench.held.begin()
        bench.dynamo.injectFault({
          operation: 'updateItem',
          kind: 'delay',
          delayed: 'reply',
          delayMs: 1900,
          times: Number.POSITIVE_INFINITY,
        })
        await sleep(3 * F)
      },
      { onWrite: () => atMs.push(elapsedMs()) },
    )
    const renewals = atMs.slice(1)
    assert.ok(renewals.length >= 8, `${renewals.length}`)
    for (const [i, sentMs] of renewals.entries()) {
      const before = renewals[i - 1]
      if (before !== undefined) assert.ok(Math.abs(sentMs - before - F / 3) <= 2, atMs.join())
    }
  })

  it('believes F less the margin after the last write that landed, and then aborts', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await sleep(RENEWAL_MS + 1)
      bench.cutOff()
      const lastSentMs = RENEWAL_MS
      const abortedAtMs = new Promise<number>((resolve) => {
        bench.held.signal.addEventListener('abort', () => resolve(bench.time.elapsedMs()))
      })
      await sleep(lastSentMs + BELIEF - bench.time.elapsedMs() - 1)
      assert.equal(bench.held.believes(), true)
      assert.equal(bench.held.signal.aborted, false)
      const atMs = await abortedAtMs
      assert.ok(Math.abs(atMs - (lastSentMs + BELIEF)) <= 1, `${atMs}`)
      assert.equal(bench.held.believes(), false)
      assert.deepEqual(bench.ends, [{ reason: 'expired', atMs }])
      assert.ok(bench.held.signal.reason instanceof LeaseLostError)
    }))

  it('counts belief from when a write was sent, not from its answer', () =>
    holding(async (bench) => {
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 1900 })
      await bench.held.begin()
      assert.equal(bench.time.elapsedMs(), 1900)
      bench.cutOff()
      await sleep(BELIEF - 1900 - 1)
      assert.equal(bench.held.believes(), true)
      await sleep(2)
      assert.equal(bench.held.believes(), false)
      assert.equal(bench.ends[0]?.reason, 'expired')
    }))

  it('counts belief from an earlier write when that is the one which landed', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
      bench.dynamo.injectFault({ operation: 'getItem', kind: 'fail' })
      await sleep(RENEWAL_MS + 1000)
      assert.equal(bench.held.lease.leaseCounter, 43, 'the second try has found the first')
      bench.cutOff()
      await sleep(RENEWAL_MS + BELIEF - bench.time.elapsedMs() - 1)
      assert.equal(bench.held.believes(), true)
      await sleep(2)
      assert.equal(bench.held.believes(), false)
    }))

  it('counts belief from the write in doubt when the look-up was refused, not lost', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
      bench.dynamo.injectFault({ operation: 'getItem', kind: 'throttle' })
      await sleep(RENEWAL_MS + 1000)
      assert.equal(bench.held.lease.leaseCounter, 43)
      bench.cutOff()
      await sleep(RENEWAL_MS + BELIEF - bench.time.elapsedMs() + 1)
      assert.equal(bench.held.believes(), false)
    }))

  it('is lost to another process of the same worker id: a refusal without a write in doubt', () =>
    holding(async (bench) => {
      await bench.held.begin()
      const twin = await bench.store.renew(await bench.row(), 'me')
      assert.equal(twin.outcome, 'applied')
      await sleep(RENEWAL_MS + 1000)
      assert.equal(bench.held.ended, 'stolen')
      assert.equal((await bench.row()).leaseCounter, 43)
    }))

  it('never ends over a lost reply alone', () =>
    holding(async (bench) => {
      await bench.held.begin()
      for (let i = 0; i < 30; i++) {
        bench.dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
        await sleep(RENEWAL_MS)
      }
      assert.equal(bench.held.believes(), true)
      assert.deepEqual(bench.ends, [])
    }))

  for (const kind of ['fail', 'throttle'] as const) {
    it(`survives a storm (${kind}) that is shorter than belief`, () =>
      holding(async (bench) => {
        await bench.held.begin()
        const storm = bench.dynamo.injectFault({
          operation: 'updateItem',
          kind,
          times: Number.POSITIVE_INFINITY,
        })
        await sleep(BELIEF - 1000)
        storm.clear()
        await sleep(5 * F)
        assert.equal(bench.held.believes(), true)
        assert.deepEqual(bench.ends, [])
      }))
  }

  it('survives a renewal that arrives after it was given up', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.dynamo.injectFault({
        operation: 'updateItem',
        kind: 'delay',
        delayed: 'request',
        delayMs: 2500,
      })
      await sleep(5 * F)
      assert.equal(bench.held.believes(), true)
      assert.deepEqual(bench.ends, [])
    }))

  it('is over for good once belief has ended, although the row is still ours', () =>
    holding(async (bench) => {
      await bench.held.begin()
      const cut = bench.cutOff()
      await sleep(F)
      cut.clear()
      const before = await bench.row()
      await assert.rejects(bench.held.checkpoint(position(200)), LeaseLostError)
      await sleep(5 * F)
      assert.deepEqual(await bench.row(), before)
      assert.equal(bench.ends.length, 1)
      assert.equal(bench.time.waitingEvents(), 0)
    }))

  it('ends with the next renewal after the row was stolen', () =>
    holding(async (bench) => {
      await bench.held.begin()
      const stolen = await bench.steal()
      await sleep(RENEWAL_MS + 10)
      assert.equal(bench.held.ended, 'stolen')
      assert.equal(bench.held.signal.aborted, true)
      assert.deepEqual(await bench.row(), stolen)
    }))

  it('ends without a write when it is abandoned', () =>
    holding(async (bench) => {
      await bench.held.begin()
      const before = await bench.row()
      bench.held.abandon()
      bench.held.abandon()
      await sleep(2 * F)
      assert.deepEqual(await bench.row(), before)
      assert.deepEqual(
        bench.ends.map(({ reason }) => reason),
        ['released'],
      )
    }))
})

describe('HeldLease.checkpoint', () => {
  it('stores the position and counts as a heartbeat', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await sleep(3000)
      await bench.held.checkpoint(position(200, 3))
      bench.cutOff()
      assert.deepEqual((await bench.row()).checkpoint, position(200, 3))
      assert.deepEqual(bench.checkpoints, [position(200, 3)])
      await sleep(BELIEF - 1)
      assert.equal(bench.held.believes(), true)
    }))

  it('stores the same position again, and SHARD_END after any', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.held.checkpoint(position(200))
      await bench.held.checkpoint(position(200))
      await bench.held.checkpoint(position('SHARD_END'))
      assert.equal((await bench.row()).checkpoint.sequenceNumber, 'SHARD_END')
    }))

  it('refuses a step back, and keeps the lease', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.held.checkpoint(position(200, 3))
      const stored = await bench.row()
      for (const at of [position(199), position(200, 2), position('LATEST')]) {
        await assert.rejects(bench.held.checkpoint(at), InvalidCheckpointError)
        await assert.rejects(bench.held.prepareCheckpoint(at, undefined), InvalidCheckpointError)
      }
      assert.deepEqual(await bench.row(), stored)
      assert.equal(bench.held.believes(), true)
    }))

  it('refuses a step behind SHARD_END', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.held.checkpoint(position('SHARD_END'))
      await assert.rejects(bench.held.checkpoint(position(999)), InvalidCheckpointError)
    }))

  it('succeeds when it landed and its reply was lost', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
      await bench.held.checkpoint(position(200))
      assert.equal((await bench.row()).leaseCounter, 43)
      await bench.held.checkpoint(position(300))
      assert.deepEqual((await bench.row()).checkpoint, position(300))
      assert.deepEqual(bench.ends, [])
    }))

  it('sends again what did not arrive', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'fail', times: 2 })
      await bench.held.checkpoint(position(200))
      assert.deepEqual((await bench.row()).checkpoint, position(200))
    }))

  it('gives up in the end and keeps the lease, so that the caller can try again', () =>
    holding(async (bench) => {
      await bench.held.begin()
      const cut = bench.cutOff()
      await assert.rejects(bench.held.checkpoint(position(200)), isNoAnswer)
      assert.deepEqual(bench.checkpoints, [])
      assert.equal(bench.held.believes(), true)
      cut.clear()
      await bench.held.checkpoint(position(200))
      assert.deepEqual((await bench.row()).checkpoint, position(200))
    }))

  it('never goes back behind a checkpoint in doubt that did land', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
      bench.dynamo.injectFault({ operation: 'getItem', kind: 'fail' })
      await assert.rejects(bench.held.checkpoint(position(300)), isNoAnswer)
      await assert.rejects(bench.held.checkpoint(position(200)), InvalidCheckpointError)
      assert.deepEqual((await bench.row()).checkpoint, position(300))
      assert.equal(bench.held.believes(), true)
    }))

  it('is refused as lost, not as unanswered, when the tenure has ended meanwhile', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 60_000 })
      bench.dynamo.injectFault({ operation: 'getItem', kind: 'fail' })
      const checkpointing = bench.held.checkpoint(position(200))
      await sleep(1)
      bench.held.abandon()
      await assert.rejects(checkpointing, (cause) => {
        assert.ok(cause instanceof LeaseLostError)
        assert.ok(isNoAnswer(cause.cause))
        return true
      })
    }))

  it('is refused once the row was stolen, and tells who has it', () =>
    holding(async (bench) => {
      await bench.held.begin()
      const stolen = await bench.steal()
      await assert.rejects(bench.held.checkpoint(position(200)), (cause) => {
        assert.ok(cause instanceof LeaseLostError)
        assert.equal(cause.leaseKey, KEY)
        return true
      })
      assert.equal(bench.held.ended, 'stolen')
      assert.deepEqual(await bench.row(), stolen)
      await assert.rejects(bench.held.checkpoint(position(300)), LeaseLostError)
      assert.deepEqual(bench.checkpoints, [])
    }))

  it('is refused when the row was stolen and given back: the tenure was broken', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.steal()
      const back = await bench.steal('me')
      await assert.rejects(bench.held.checkpoint(position(200)), LeaseLostError)
      assert.deepEqual(await bench.row(), back)
    }))

  it('is refused when the row was deleted, and makes no stub', () =>
    holding(async (bench) => {
      await bench.held.begin()
      const TableName = bench.store.tableName
      await bench.dynamo.deleteItem({ TableName, Key: { leaseKey: { S: KEY } } })
      await assert.rejects(bench.held.checkpoint(position(200)), LeaseLostError)
      assert.deepEqual(bench.dynamo.items(TableName), [])
      assert.equal(bench.held.ended, 'stolen')
    }))

  it('ends quietly once its row was tidied away after the end of the shard', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.held.checkpoint(position('SHARD_END'))
      assert.equal(await bench.store.deleteEnded(KEY), true)
      await sleep(F)
      assert.deepEqual(
        bench.ends.map(({ reason }) => reason),
        ['released'],
      )
      assert.deepEqual(bench.dynamo.items(bench.store.tableName), [])
    }))

  it('and a renewal at the same time do not fence each other', () =>
    holding(async (bench) => {
      await bench.held.begin()
      for (let i = 1; i <= 20; i++) {
        bench.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 700 })
        // Falls before, into and after the renewals, which come every 3.3 s.
        await sleep(2500)
        await bench.held.checkpoint(position(100 + i))
      }
      assert.deepEqual((await bench.row()).checkpoint, position(120))
      assert.deepEqual(bench.ends, [])
      assert.equal(bench.checkpoints.length, 20)
    }))

  it('and others asked for at once are stored one after another', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await Promise.all([200, 201, 202].map((at) => bench.held.checkpoint(position(at))))
      assert.deepEqual(bench.checkpoints, [position(200), position(201), position(202)])
      assert.deepEqual(await bench.row(), bench.held.lease)
    }))
})

describe('HeldLease, whose checkpoints are heartbeats', () => {
  /** Checkpoints at this pace for 60 s; all writes to the row meanwhile, and those that are renewals. */
  async function written(
    everyMs: number,
    fields: { readonly asked?: boolean } = {},
  ): Promise<{ readonly all: number; readonly renewals: number }> {
    const writes: string[] = []
    await holding(
      async (bench) => {
        await bench.held.begin()
        writes.length = 0
        for (let at = 1; at * everyMs <= 60_000; at++) {
          if (fields.asked && at === 5) await bench.askForHandoff()
          await sleep(everyMs)
          await bench.held.checkpoint(position(200 + at))
          assert.equal(bench.held.believes(), true)
        }
        assert.deepEqual(bench.asked, fields.asked ? ['you'] : [])
        assert.deepEqual(bench.held.lease, await bench.row())
      },
      {
        onWrite: ({ key, before, after }) => {
          if (key['leaseKey']?.S !== KEY) return
          const moved = before?.['checkpoint']?.S !== after?.['checkpoint']?.S
          writes.push(moved ? 'checkpoint' : 'renewal')
        },
      },
    )
    return { all: writes.length, renewals: writes.filter((what) => what === 'renewal').length }
  }

  for (const everyMs of [1000, 3000]) {
    it(`is not renewed beside checkpoints each ${everyMs} ms`, async () => {
      assert.deepEqual(await written(everyMs), { all: 60_000 / everyMs, renewals: 0 })
    })
  }

  it('is renewed once between checkpoints each 6 s', async () => {
    assert.deepEqual(await written(6000), { all: 20, renewals: 10 })
  })

  it('learns of a handoff from a checkpoint', async () => {
    // The request for it is the one write that is no checkpoint.
    assert.deepEqual(await written(1000, { asked: true }), { all: 61, renewals: 1 })
  })
})

describe('HeldLease, of a lease that carries data', () => {
  it('stores the throughput with renewals and checkpoints, in six decimals, when it has one', () =>
    holding(async (bench) => {
      await bench.held.begin()
      assert.equal((await bench.row()).throughputKBps, undefined)
      bench.throughputKBps = 1.23456789
      await bench.held.checkpoint(position(200))
      assert.equal((await bench.row()).throughputKBps, 1.234568)
      bench.throughputKBps = 2.5
      await sleep(RENEWAL_MS + 10)
      assert.equal((await bench.row()).throughputKBps, 2.5)
      bench.throughputKBps = 0.000001
      await bench.held.prepareCheckpoint(position(300), undefined)
      assert.equal((await bench.row()).throughputKBps, 0.000001)
      bench.throughputKBps = undefined
      await bench.held.checkpoint(position(300))
      assert.equal((await bench.row()).throughputKBps, 0.000001)
    }))
})

describe('HeldLease: prepared checkpoints and start timestamps', () => {
  it('keep the position, and are gone or kept as KCL has it after a checkpoint', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.held.recordStartTimestamp(1_790_000_000_000)
      await bench.held.prepareCheckpoint(position(200), new Uint8Array([1]))
      const prepared = await bench.row()
      assert.deepEqual(prepared.checkpoint, position(100))
      assert.deepEqual(prepared.pendingCheckpoint, position(200))
      assert.deepEqual(prepared, bench.held.lease)
      await bench.held.checkpoint(position(200))
      const stored = await bench.row()
      assert.equal(stored.pendingCheckpoint, undefined)
      assert.equal(stored.pendingCheckpointState, undefined)
      assert.equal(stored.startTimestampMs, 1_790_000_000_000)
    }))
})

describe('HeldLease.handOver', () => {
  it('gives the lease to the next owner, or to nobody, and ends', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.showLife('you')
      await bench.held.handOver('you')
      assert.equal((await bench.row()).leaseOwner, 'you')
      assert.equal(bench.held.ended, 'released')
      assert.equal(bench.held.signal.aborted, true)
    }).then(() =>
      holding(async (bench) => {
        await bench.held.begin()
        await bench.held.handOver(undefined)
        assert.equal((await bench.row()).leaseOwner, undefined)
      }),
    ))

  it('frees the lease when the next owner is gone, for it would run out there', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.held.handOver('you')
      assert.equal((await bench.row()).leaseOwner, undefined)
      assert.deepEqual(bench.partings, [{ outcome: 'freed', to: undefined }])
    }))

  it('waits for the checkpoint before it', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.showLife('you')
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 1000 })
      const checkpointing = bench.held.checkpoint(position(200))
      await Promise.all([bench.held.handOver('you'), checkpointing])
      const row = await bench.row()
      assert.equal(row.leaseOwner, 'you')
      assert.deepEqual(row.checkpoint, position(200))
    }))

  for (const newOwner of ['you', undefined]) {
    it(`reaches ${newOwner ?? 'nobody'} also after a renewal in doubt that did land`, () =>
      holding(async (bench) => {
        await bench.held.begin()
        await bench.showLife('you')
        bench.dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
        bench.dynamo.injectFault({ operation: 'getItem', kind: 'fail' })
        await assert.rejects(bench.held.checkpoint(position(200)), isNoAnswer)
        await bench.held.handOver(newOwner)
        assert.equal((await bench.row()).leaseOwner, newOwner)
      }))
  }

  it('gives up when belief ends, should the table not answer until then', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.cutOff()
      await bench.held.handOver('you')
      assert.notEqual(bench.held.ended, undefined)
      assert.ok(bench.time.elapsedMs() >= BELIEF)
    }))

  it('is tried again after a refusal that passes', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.showLife('you')
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'throttle', times: 3 })
      await bench.held.handOver('you')
      assert.equal((await bench.row()).leaseOwner, 'you')
      assert.equal(bench.held.ended, 'released')
    }))

  it('leaves the row to whoever has it by now', () =>
    holding(async (bench) => {
      await bench.held.begin()
      const stolen = await bench.steal('third')
      await bench.held.handOver('you')
      assert.deepEqual(await bench.row(), stolen)
    }))

  it('does nothing after the tenure has ended', () =>
    holding(async (bench) => {
      await bench.held.begin()
      bench.held.abandon()
      const before = await bench.row()
      await bench.held.handOver('you')
      assert.deepEqual(await bench.row(), before)
    }))
})
