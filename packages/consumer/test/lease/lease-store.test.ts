import assert from 'node:assert/strict'
import { isServiceError } from '@millrace/core'
import { SimulatedDynamo } from '@millrace/testing'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { leaseStoreSuite } from './lease-store-suite.ts'
import { TABLE, tableWith } from './lease-table-fixture.ts'
import { leaseOf, rowOfLease } from './leases.ts'

for (const returnsOldItemOnFailedCondition of [true, false]) {
  const name = returnsOldItemOnFailedCondition ? 'old items returned' : 'no old items returned'
  leaseStoreSuite(`SimulatedDynamo, ${name}`, async () => ({
    port: new SimulatedDynamo({ returnsOldItemOnFailedCondition }),
    tearDown: async () => {},
  }))
}

describe('LeaseStore', () => {
  const mine = leaseOf('s', { leaseOwner: 'me', leaseCounter: 4 })

  it('passes on a refusal that leaves no doubt, without a look at the row', async () => {
    const simulated = await tableWith([rowOfLease(mine)])
    const store = new LeaseStore({ dynamo: simulated, tableName: TABLE, requestTimeoutMs: 1000 })
    const writes = [
      () => store.renew(mine, 'me'),
      () => store.assign(mine, 'you'),
      () => store.release(mine),
    ]
    for (const write of writes) {
      simulated.injectFault({ operation: 'updateItem', kind: 'throttle' })
      // Would answer the look: it must not be asked for.
      const look = simulated.injectFault({ operation: 'getItem', kind: 'fail' })
      await assert.rejects(write(), (cause) => isServiceError(cause) && cause.kind === 'throttled')
      look.clear()
    }
  })

  it('passes on that the look failed too: the write stays in doubt', async () => {
    const simulated = await tableWith([rowOfLease(mine)])
    const store = new LeaseStore({ dynamo: simulated, tableName: TABLE, requestTimeoutMs: 1000 })
    simulated.injectFault({ operation: 'updateItem', kind: 'lose-reply' })
    simulated.injectFault({ operation: 'getItem', kind: 'fail' })
    await assert.rejects(
      store.renew(mine, 'me'),
      (cause) => isServiceError(cause) && cause.ambiguous,
    )
  })

  it('reads every page of a scan and of the owner index', async () => {
    const filler = 'x'.repeat(30_000)
    const rows = Array.from({ length: 60 }, (_, i) => ({
      ...rowOfLease(leaseOf(`shardId-${String(i).padStart(12, '0')}`, { leaseOwner: 'me' })),
      filler: { S: filler },
    }))
    const simulated = await tableWith(rows)
    const store = new LeaseStore({ dynamo: simulated, tableName: TABLE, requestTimeoutMs: 1000 })
    const page = await simulated.scan({ TableName: TABLE })
    assert.ok(page.LastEvaluatedKey !== undefined, 'the table is larger than a page')
    assert.equal((await store.scan(true)).leases.length, 60)
    assert.equal((await store.keysOwnedBy('me')).length, 60)
  })
})
