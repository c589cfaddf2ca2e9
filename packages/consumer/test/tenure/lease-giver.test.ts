import assert from 'node:assert/strict'
import { silentLogger, sleep } from '@millrace/core/internal'
import { runInVirtualTime } from '@millrace/testing'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { LeaseGiver } from '../../src/tenure/lease-giver.ts'
import { TABLE, tableWith } from '../lease/lease-table-fixture.ts'
import { leaseOf, rowOfLease } from '../lease/leases.ts'

describe('LeaseGiver', () => {
  it('waits with many leases at once without a warning of a leak', () =>
    runInVirtualTime(async (time) => {
      const warnings: Error[] = []
      const onWarning = (warning: Error): void => void warnings.push(warning)
      process.on('warning', onWarning)
      const leases = Array.from({ length: 20 }, (_, i) =>
        leaseOf(`shardId-0000000000${10 + i}`, { leaseOwner: 'me' }),
      )
      const dynamo = await tableWith(leases.map(rowOfLease))
      const fault = dynamo.injectFault({
        operation: 'updateItem',
        kind: 'throttle',
        times: Number.POSITIVE_INFINITY,
      })
      const giver = new LeaseGiver({
        store: new LeaseStore({ dynamo, tableName: TABLE, requestTimeoutMs: 2000 }),
        workerId: 'me',
        failoverTimeMs: 10_000,
        logger: silentLogger,
        random: time.random('giver'),
        onParted: () => {},
      })
      for (const lease of leases) void giver.give(lease.leaseKey, { successor: undefined }, lease)
      await sleep(1000)
      fault.clear()
      await giver.settled()
      process.off('warning', onWarning)
      assert.deepEqual(warnings, [])
      const owners = dynamo.items(TABLE).map((row) => row['leaseOwner'])
      assert.deepEqual(
        owners,
        leases.map(() => undefined),
      )
    }))
})
