import assert from 'node:assert/strict'
import { type DynamoPort, isServiceError } from '@millrace/core'
import { monotonicMs, sleep } from '@millrace/core/internal'
import { runInVirtualTime, type SimulatedDynamo, type VirtualTime } from '@millrace/testing'
import fc from 'fast-check'
import { LeaderLock } from '../../src/leader/leader-lock.ts'
import { type LeaderRow, readLeaderRow } from '../../src/lease/leader-row.ts'
import { rowOf, TABLE, tableWith } from '../lease/lease-table-fixture.ts'

const DURATION_MS = 10_000
const HEARTBEAT_MS = DURATION_MS / 3
const LOOK_MS = 2000

class Contender {
  readonly id: string
  readonly lock: LeaderLock
  readonly #dynamo: DynamoPort
  #alive = true

  constructor(dynamo: DynamoPort, id: string, time: VirtualTime) {
    this.id = id
    this.#dynamo = dynamo
    this.lock = new LeaderLock({
      dynamo,
      tableName: TABLE,
      workerId: id,
      leaseDurationMs: DURATION_MS,
      requestTimeoutMs: 2000,
      random: time.random(id),
    })
  }

  async look(hasPeers = false): Promise<boolean> {
    const row = await leaderRow(this.#dynamo)
    return await this.lock.consider(row, monotonicMs(), hasPeers)
  }

  /** Looks and beats until it is killed or stopped, as a worker does. */
  run(): void {
    void this.#every(LOOK_MS, () => this.look())
    void this.#every(HEARTBEAT_MS, () => this.lock.heartbeat())
  }

  kill(): void {
    this.#alive = false
  }

  async #every(pauseMs: number, step: () => Promise<unknown>): Promise<void> {
    while (this.#alive) {
      try {
        await step()
      } catch (cause) {
        assert.ok(isServiceError(cause), String(cause))
      }
      await sleep(pauseMs)
    }
  }
}

async function leaderRow(dynamo: DynamoPort): Promise<LeaderRow | undefined> {
  const row = await rowOf(dynamo, 'Leader')
  return row === undefined ? undefined : readLeaderRow(row)
}

function inTime(
  body: (dynamo: SimulatedDynamo, time: VirtualTime) => Promise<void>,
  seed = 0,
): Promise<void> {
  return runInVirtualTime(async (time) => body(await tableWith([]), time), { seed })
}

describe('LeaderLock', () => {
  it('goes to one of two contenders, and stays there while it beats', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      const b = new Contender(dynamo, 'b', time)
      const taken = await Promise.all([a.look(), b.look()])
      assert.equal(taken.filter(Boolean).length, 1)
      a.run()
      b.run()
      const leader = a.lock.leads ? a : b
      for (let i = 0; i < 60; i++) {
        await sleep(1000)
        assert.equal(leader.lock.leads, true)
      }
      assert.equal(a.lock.leads && b.lock.leads, false)
      a.kill()
      b.kill()
    }))

  it('is taken at once when it was given back', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      const b = new Contender(dynamo, 'b', time)
      await a.look()
      await b.look()
      const releasing = a.lock.release()
      assert.equal(a.lock.leads, false)
      await releasing
      assert.equal(await b.look(), true)
      assert.equal(b.lock.leads, true)
    }))

  it('counts a lock that it gave back as free from then on, not from when it took it', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      await a.look()
      await sleep(HEARTBEAT_MS)
      await a.lock.makeWay()
      const gaveBackMs = monotonicMs()
      assert.equal(await a.look(true), false)
      assert.ok((a.lock.seen?.sinceMs ?? 0) >= gaveBackMs)
    }))

  it('is taken from a crashed leader after its duration, not before', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      const b = new Contender(dynamo, 'b', time)
      await a.look()
      b.run()
      await sleep(DURATION_MS)
      assert.equal(b.lock.leads, false)
      assert.equal(a.lock.leads, false)
      await sleep(LOOK_MS + 1)
      assert.equal(b.lock.leads, true)
      b.kill()
    }))

  it('ends by itself before others may take it, when no heartbeat is answered', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      await a.look()
      await sleep(DURATION_MS * 0.95 - 1)
      assert.equal(a.lock.leads, true)
      await sleep(1)
      assert.equal(a.lock.leads, false)
    }))

  for (const [name, kind] of [
    ['whose reply was lost', 'lose-reply'],
    ['that never arrived', 'fail'],
  ] as const) {
    it(`survives a heartbeat ${name}`, () =>
      inTime(async (dynamo, time) => {
        const a = new Contender(dynamo, 'a', time)
        await a.look()
        dynamo.injectFault({ operation: 'updateItem', kind })
        await sleep(HEARTBEAT_MS)
        await a.lock.heartbeat()
        assert.equal(a.lock.leads, true)
        await sleep(HEARTBEAT_MS)
        await a.lock.heartbeat()
        await sleep(DURATION_MS * 0.9)
        assert.equal(a.lock.leads, true)
      }))
  }

  it('survives a heartbeat whose reply and whose look-up were lost', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      await a.look()
      dynamo.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
      dynamo.injectFault({ operation: 'getItem', kind: 'fail' })
      await assert.rejects(a.lock.heartbeat(), isServiceError)
      assert.equal(a.lock.leads, true)
      await sleep(HEARTBEAT_MS)
      await a.lock.heartbeat()
      await sleep(DURATION_MS * 0.9)
      assert.equal(a.lock.leads, true)
    }))

  it('counts a heartbeat that was slow from the time when it was sent', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      await a.look()
      dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 1900 })
      await a.lock.heartbeat()
      await sleep(DURATION_MS * 0.95 - 1900 - 1)
      assert.equal(a.lock.leads, true)
      await sleep(1)
      assert.equal(a.lock.leads, false)
    }))

  it('is lost to a contender that took it while this one slept', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      const b = new Contender(dynamo, 'b', time)
      await a.look()
      await b.look()
      await sleep(DURATION_MS + 1)
      // It has not watched: at the first look it waits whether somebody else has.
      assert.equal(await b.look(), false)
      assert.equal(await b.look(), true)
      await a.lock.heartbeat()
      assert.equal(a.lock.leads, false)
      await a.lock.release()
      assert.equal((await leaderRow(dynamo))?.ownerName, 'b')
    }))

  it('does not come back when it was given up during a heartbeat', () =>
    inTime(async (dynamo, time) => {
      for (const giveUp of ['release', 'stepDown'] as const) {
        for (const delayed of ['request', 'reply'] as const) {
          const a = new Contender(dynamo, `${giveUp} ${delayed}`, time)
          assert.equal(await a.look(), true)
          dynamo.injectFault({ operation: 'updateItem', kind: 'delay', delayMs: 500, delayed })
          const beating = a.lock.heartbeat()
          await sleep(100)
          const givingUp = a.lock[giveUp]()
          assert.equal(a.lock.leads, false)
          await Promise.all([beating, givingUp])
          assert.equal(a.lock.leads, false)
          if (giveUp === 'release') assert.equal(await leaderRow(dynamo), undefined)
          else await dynamo.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: 'Leader' } } })
        }
      }
    }))

  it('does not lead when it was given up while it was being taken', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      dynamo.injectFault({ operation: 'putItem', kind: 'delay', delayMs: 500 })
      const looking = a.look()
      await sleep(100)
      a.lock.stepDown()
      assert.equal(await looking, false)
      assert.equal(a.lock.leads, false)
    }))

  it('passes on a refusal and goes on leading on what it has', () =>
    inTime(async (dynamo, time) => {
      const a = new Contender(dynamo, 'a', time)
      await a.look()
      dynamo.injectFault({ operation: 'updateItem', kind: 'throttle' })
      await assert.rejects(a.lock.heartbeat(), isServiceError)
      assert.equal(a.lock.leads, true)
      await a.lock.heartbeat()
      await sleep(DURATION_MS * 0.9)
      assert.equal(a.lock.leads, true)
    }))

  it('never has two leaders, over random faults and crashes, and one again after them', async () => {
    const operations = fc.constantFrom('getItem', 'putItem', 'updateItem') as fc.Arbitrary<
      'getItem' | 'putItem' | 'updateItem'
    >
    const disturbance = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          afterMs: fc.nat(8000),
          operation: operations,
          kind: fc.constantFrom('throttle', 'fail', 'delay', 'lose-reply') as fc.Arbitrary<
            'throttle' | 'fail' | 'delay' | 'lose-reply'
          >,
          delayMs: fc.integer({ min: 1, max: 15_000 }),
          delayed: fc.constantFrom('reply', 'request') as fc.Arbitrary<'reply' | 'request'>,
          times: fc.integer({ min: 1, max: 5 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          afterMs: fc.nat(8000),
          crash: fc.nat(1),
        }),
      },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(disturbance, { maxLength: 12 }),
        fc.nat(1000),
        async (disturbances, seed) => {
          await inTime(async (dynamo, time) => {
            let born = 0
            const start = (): Contender => {
              const contender = new Contender(dynamo, `w${++born}`, time)
              contender.run()
              return contender
            }
            const fleet = [start(), start()]
            const graves: Contender[] = []
            const watch = { over: false }
            const watching = (async () => {
              while (!watch.over) {
                const leaders = [...fleet, ...graves].filter(({ lock }) => lock.leads)
                assert.ok(leaders.length <= 1, leaders.map(({ id }) => id).join())
                await sleep(50)
              }
            })()
            const faults: { clear(): void }[] = []
            for (const each of disturbances) {
              await sleep(each.afterMs)
              if ('crash' in each) {
                const dead = fleet[each.crash]
                dead?.kill()
                if (dead !== undefined) graves.push(dead)
                fleet[each.crash] = start()
              } else {
                const { afterMs: _, ...fault } = each
                faults.push(dynamo.injectFault(fault))
              }
            }
            for (const fault of faults) fault.clear()
            // Calls that are late may land now; then nothing disturbs any more.
            await sleep(20_000)
            await sleep(2 * DURATION_MS + 2 * LOOK_MS)
            assert.equal(fleet.filter(({ lock }) => lock.leads).length, 1)
            watch.over = true
            await watching
            for (const contender of fleet) contender.kill()
          }, seed)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('leaves the lock to others for a while once it has made way, but not for ever', () =>
    runInVirtualTime(async (time) => {
      const dynamo = await tableWith([])
      const a = new Contender(dynamo, 'a', time)
      assert.equal(await a.look(true), true)
      await a.lock.makeWay()
      assert.equal(a.lock.leads, false)
      assert.equal(await leaderRow(dynamo), undefined)
      for (let tookMs = 0; tookMs < 14_000; tookMs += LOOK_MS) {
        assert.equal(await a.look(true), false, `${tookMs} ms`)
        await sleep(LOOK_MS)
      }
      // Nobody wants it.
      await sleep(2000)
      assert.equal(await a.look(true), true)
    }))

  it('takes the lock again at once where nobody else could lead', () =>
    runInVirtualTime(async (time) => {
      const a = new Contender(await tableWith([]), 'a', time)
      await a.look()
      await a.lock.makeWay()
      assert.equal(await a.look(), true)
    }))
})
