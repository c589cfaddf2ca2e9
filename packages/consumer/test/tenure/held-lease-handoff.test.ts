import assert from 'node:assert/strict'
import { sleep } from '@millrace/core/internal'
import { LeaseLostError } from '../../src/errors.ts'
import { position } from '../lease/leases.ts'
import { BELIEF, F, type HeldLeaseBench, holding, KEY } from './held-lease-fixture.ts'

/** By then the next renewal has been sent and answered. */
const RENEWAL_MS = F / 3 + 10

describe('HeldLease, asked to hand over', () => {
  it('goes on holding the lease, and tells of it once', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.askForHandoff()
      assert.deepEqual(bench.asked, [])
      await sleep(RENEWAL_MS)
      assert.deepEqual(bench.asked, ['you'])
      await sleep(10 * F)
      assert.equal(bench.held.believes(), true)
      assert.deepEqual(bench.asked, ['you'])
      assert.deepEqual(bench.ends, [])
      assert.deepEqual(bench.held.lease, await bench.row())
      assert.equal(bench.held.lease.checkpointOwner, 'me')
      assert.ok(bench.held.lease.leaseCounter >= 42 + 30)
    }))

  it('stores checkpoints meanwhile, also before it knows', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.askForHandoff()
      await bench.held.checkpoint(position(200))
      await sleep(RENEWAL_MS)
      assert.equal(bench.held.inHandoff, true)
      await bench.held.checkpoint(position(300))
      const row = await bench.row()
      assert.deepEqual(row.checkpoint, position(300))
      assert.equal(row.checkpointOwner, 'me')
      assert.equal(row.leaseOwner, 'you')
    }))

  it('counts belief from the renewal after the refused one', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.askForHandoff()
      await sleep(RENEWAL_MS)
      bench.cutOff()
      const untilMs = Math.floor(F / 3) + BELIEF
      await sleep(untilMs - 1 - bench.time.elapsedMs())
      assert.equal(bench.held.believes(), true)
      await sleep(2)
      assert.equal(bench.held.believes(), false)
      assert.equal(bench.ends[0]?.reason, 'expired')
    }))

  it('learns of it also where a refused write does not return the row', () =>
    holding(
      async (bench) => {
        await bench.held.begin()
        await bench.askForHandoff()
        await sleep(RENEWAL_MS)
        assert.deepEqual(bench.asked, ['you'])
        assert.equal(bench.held.believes(), true)
      },
      { returnsOldItemOnFailedCondition: false },
    ))

  for (const operation of ['updateItem', 'getItem'] as const) {
    for (const kind of ['fail', 'lose-reply', 'throttle'] as const) {
      it(`is not misled by a renewal of that time that meets: ${operation}, ${kind}`, () =>
        holding(
          async (bench) => {
            await bench.held.begin()
            await bench.askForHandoff()
            bench.dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
            bench.dynamo.injectFault({ operation, kind, times: 2 })
            await sleep(2 * F)
            assert.deepEqual(bench.asked, ['you'])
            assert.equal(bench.held.believes(), true)
            assert.deepEqual(bench.held.lease, await bench.row())
          },
          { returnsOldItemOnFailedCondition: false },
        ))
    }
  }

  it('is lost when a leader gives the lease away meanwhile, be it back to this worker', async () => {
    for (const owner of ['you', 'third', 'me']) {
      await holding(async (bench) => {
        await bench.held.begin()
        await bench.askForHandoff()
        await sleep(RENEWAL_MS)
        const taken = await bench.steal(owner)
        await sleep(RENEWAL_MS)
        assert.equal(bench.held.ended, 'stolen')
        assert.deepEqual(await bench.row(), taken)
      })
    }
  })

  it('hands no lease over that it has just begun to hold: the tenure tells nobody', () =>
    holding(async (bench) => {
      await bench.askForHandoff()
      await bench.held.begin()
      assert.equal(bench.held.inHandoff, true)
      assert.deepEqual(bench.asked, [])
    }))
})

async function asked(bench: HeldLeaseBench, next?: 'alive' | 'gone'): Promise<void> {
  await bench.held.begin()
  await bench.askForHandoff('you', next)
  await sleep(RENEWAL_MS)
  assert.equal(bench.held.inHandoff, true)
}

describe('HeldLease.handOver, in a handoff', () => {
  it('leaves the next owner alone in the row, one step on, and counts no switch', () =>
    holding(async (bench) => {
      await asked(bench)
      const before = await bench.row()
      await bench.held.handOver('third')
      assert.deepEqual(await bench.row(), {
        ...before,
        checkpointOwner: undefined,
        leaseCounter: before.leaseCounter + 1,
      })
      assert.equal(bench.held.ended, 'released')
      assert.deepEqual(bench.partings, [{ outcome: 'given', to: 'you' }])
    }))

  it('believes no more when the next owner may begin', () =>
    holding(async (bench) => {
      await asked(bench)
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 1000 })
      const handingOver = bench.held.handOver(undefined)
      while ((await bench.row()).checkpointOwner !== undefined) await sleep(10)
      assert.equal(bench.held.believes(), false)
      assert.equal(bench.held.signal.aborted, true)
      await handingOver
    }))

  it('waits for the checkpoint before it', () =>
    holding(async (bench) => {
      await asked(bench)
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 1000 })
      const checkpointing = bench.held.checkpoint(position(200))
      await Promise.all([bench.held.handOver(undefined), checkpointing])
      const row = await bench.row()
      assert.equal(row.checkpointOwner, undefined)
      assert.deepEqual(row.checkpoint, position(200))
    }))

  it('frees the lease when the next owner is gone', () =>
    holding(async (bench) => {
      await asked(bench, 'gone')
      await bench.held.handOver(undefined)
      const row = await bench.row()
      assert.equal(row.leaseOwner, undefined)
      assert.equal(row.checkpointOwner, undefined)
      assert.deepEqual(bench.partings, [{ outcome: 'freed', to: undefined }])
    }))

  for (const kind of ['fail', 'lose-reply', 'throttle'] as const) {
    for (const operation of ['updateItem', 'getItem'] as const) {
      it(`reaches the next owner through: ${operation}, ${kind}, three times`, () =>
        holding(async (bench) => {
          await asked(bench)
          bench.dynamo.injectFault({ operation, kind, times: 3 })
          await bench.held.handOver(undefined)
          const row = await rowOf(bench)
          assert.equal(row.leaseOwner, 'you')
          assert.equal(row.checkpointOwner, undefined)
          assert.deepEqual(bench.partings, [{ outcome: 'given', to: 'you' }])
        }))
    }
  }

  it('knows that it has handed over when the next owner has begun before the answer was looked up', () =>
    holding(async (bench) => {
      await asked(bench)
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
      bench.dynamo.injectFault({
        operation: 'getItem',
        kind: 'delay',
        delayed: 'request',
        delayMs: 500,
        when: (input) => isKey(input, KEY),
      })
      const handingOver = bench.held.handOver(undefined)
      let row = await rowOf(bench)
      while (row.checkpointOwner !== undefined) {
        await sleep(10)
        row = await rowOf(bench)
      }
      await bench.store.renew(row, 'you')
      await handingOver
      assert.deepEqual(bench.partings, [{ outcome: 'given', to: 'you' }])
      assert.equal((await bench.row()).leaseCounter, row.leaseCounter + 1)
    }))

  it('hands over what a leader has asked for since the last renewal, whoever else was to have it', () =>
    holding(async (bench) => {
      await bench.held.begin()
      await bench.askForHandoff()
      await bench.held.handOver('third')
      const row = await bench.row()
      assert.equal(row.leaseOwner, 'you')
      assert.equal(row.checkpointOwner, undefined)
    }))

  it('leaves a row alone that a leader has given to this worker anew', () =>
    holding(async (bench) => {
      await asked(bench)
      const back = await bench.steal('me')
      await bench.held.handOver(undefined)
      assert.deepEqual(await bench.row(), back)
      assert.deepEqual(bench.partings, [{ outcome: 'lost', to: 'me' }])
    }))
})

describe('HeldLease.cutShort', () => {
  it('ends the tenure at once and completes the handoff after the write that is under way', () =>
    holding(async (bench) => {
      await asked(bench)
      bench.dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 1000 })
      const checkpointing = bench.held.checkpoint(position(200))
      await sleep(1)
      const cutting = bench.held.cutShort()
      assert.equal(bench.held.believes(), false)
      assert.equal(bench.held.signal.aborted, true)
      assert.ok(bench.held.signal.reason instanceof LeaseLostError)
      await Promise.all([checkpointing, cutting])
      const row = await bench.row()
      assert.equal(row.leaseOwner, 'you')
      assert.equal(row.checkpointOwner, undefined)
      assert.deepEqual(row.checkpoint, position(200))
    }))
})

/** As it is, whatever is injected. */
async function rowOf(bench: HeldLeaseBench): ReturnType<HeldLeaseBench['row']> {
  const [row] = (await bench.store.scan(true)).leases
  return row ?? assert.fail('the row is gone')
}

function isKey(input: unknown, key: string): boolean {
  const { Key } = input as { readonly Key?: { readonly leaseKey?: { readonly S?: string } } }
  return Key?.leaseKey?.S === key
}
