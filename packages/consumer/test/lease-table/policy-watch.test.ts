import assert from 'node:assert/strict'
import { isServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'
import { runInVirtualTime, type SimulatedDynamo } from '@millrace/testing'
import { PolicyWatch } from '../../src/lease-table/policy-watch.ts'
import { TABLE, tableWith } from '../lease/lease-table-fixture.ts'

const ALWAYS = Number.POSITIVE_INFINITY

interface Watched {
  readonly simulated: SimulatedDynamo
  readonly watch: PolicyWatch
  readonly lasting: unknown[]
}

const silentSetup = { worked: () => {}, failed: () => {} }

async function watched(): Promise<Watched> {
  const simulated = await tableWith([])
  const lasting: unknown[] = []
  const options = {
    failoverTimeMs: 20_000,
    onLasting: (cause: unknown) => lasting.push(cause),
    setup: silentSetup,
  }
  return { simulated, lasting, watch: new PolicyWatch(simulated, options) }
}

function scan(watch: PolicyWatch): Promise<boolean> {
  return watch.scan({ TableName: TABLE }).then(
    () => true,
    () => false,
  )
}

describe('PolicyWatch', () => {
  it('tells of a denial that lasts, once for each time that it has lasted', () =>
    runInVirtualTime(async () => {
      const { simulated, watch, lasting } = await watched()
      simulated.injectFault({ operation: 'scan', kind: 'deny', times: ALWAYS })
      for (let i = 0; i < 3; i++) {
        assert.equal(lasting.length, 0)
        await scan(watch)
        await sleep(1500)
      }
      assert.equal(lasting.length, 1)
      const [cause] = lasting
      assert.ok(isServiceError(cause))
      assert.match(cause.message, /dynamodb:Scan on table\/leases/)
    }))

  it('bears with a policy that is taken away from a running worker for 30 s, or 2 F', () =>
    runInVirtualTime(async (time) => {
      const { simulated, watch, lasting } = await watched()
      await scan(watch)
      simulated.injectFault({ operation: 'scan', kind: 'deny', times: ALWAYS })
      while (lasting.length === 0 && time.elapsedMs() < 60_000) {
        await scan(watch)
        await sleep(2000)
      }
      // F is 20 s.
      assert.ok(time.elapsedMs() >= 40_000 && time.elapsedMs() <= 42_000, `${time.elapsedMs()}`)
      assert.equal(lasting.length, 1)
    }))

  it('bears with one for what is called for the first time long after the start', () =>
    runInVirtualTime(async () => {
      const { simulated, watch, lasting } = await watched()
      simulated.injectFault({ operation: 'scan', kind: 'deny', times: ALWAYS })
      watch.started()
      await sleep(31_000)
      for (let i = 0; i < 10; i++) {
        await scan(watch)
        await sleep(2000)
      }
      assert.equal(lasting.length, 0)
    }))

  it('takes many at one moment for one', () =>
    runInVirtualTime(async () => {
      const { simulated, watch, lasting } = await watched()
      simulated.injectFault({ operation: 'scan', kind: 'deny', times: 20 })
      await Promise.all(Array.from({ length: 20 }, () => scan(watch)))
      assert.equal(lasting.length, 0)
    }))

  it('forgets them when the call is let through in between, be its condition refused', () =>
    runInVirtualTime(async () => {
      const { simulated, watch, lasting } = await watched()
      const put = () =>
        watch
          .putItem({
            TableName: TABLE,
            Item: { leaseKey: { S: 'a' } },
            ConditionExpression: 'attribute_exists(leaseKey)',
          })
          .catch(() => undefined)
      for (let round = 0; round < 5; round++) {
        simulated.injectFault({ operation: 'putItem', kind: 'deny', times: 2 })
        for (let i = 0; i < 3; i++) {
          await put()
          await sleep(2000)
        }
      }
      assert.equal(lasting.length, 0)
    }))

  it('is not told by throttles that the policy is well', () =>
    runInVirtualTime(async () => {
      const { simulated, watch, lasting } = await watched()
      for (const kind of ['deny', 'throttle', 'deny', 'throttle', 'deny'] as const) {
        simulated.injectFault({ operation: 'scan', kind })
        await scan(watch)
        await sleep(1000)
      }
      assert.equal(lasting.length, 1)
    }))

  it('ends nothing for a call that can be done without', () =>
    runInVirtualTime(async () => {
      const { simulated, watch, lasting } = await watched()
      simulated.injectFault({ operation: 'deleteItem', kind: 'deny', times: ALWAYS })
      for (let i = 0; i < 10; i++) {
        const call = watch.deleteItem({ TableName: TABLE, Key: { leaseKey: { S: 'a' } } })
        await assert.rejects(call, /dynamodb:DeleteItem on table\/leases/)
        await sleep(1000)
      }
      assert.equal(lasting.length, 0)
    }))

  it('offers recovery only where the port does', async () => {
    const { simulated } = await watched()
    const options = { failoverTimeMs: 1000, onLasting: () => undefined, setup: silentSetup }
    const without = new Proxy(simulated, {
      get: (target, name) =>
        name === 'updateContinuousBackups' ? undefined : Reflect.get(target, name),
    })
    assert.equal(new PolicyWatch(without, options).updateContinuousBackups, undefined)
    assert.ok(new PolicyWatch(simulated, options).updateContinuousBackups !== undefined)
  })
})
