import assert from 'node:assert/strict'
import { javaLogFindings } from '../../interop/java-log.ts'

describe('javaLogFindings', () => {
  it('finds the ways in which KCL says that it cannot read a row', () => {
    // As KCL 3.5.1 wrote them for a lease without a counter and a worker row without a time.
    const PREFIX = 'software.amazon.kinesis'
    const lines = [
      `3581 [main] ERROR ${PREFIX}.leases.dynamodb.DynamoDBLeaseRefresher - Failed to deserialize lease`,
      `3618 [pool-16-thread-1] ERROR ${PREFIX}.leases.dynamodb.DynamoDBLeaseTableDao - Failed to deserialize LEASE record with key 'shardId-bad' in segment 0`,
      `3623 [lam-thread] WARN ${PREFIX}.coordinator.assignment.MigrationAwareLAMDataManager - Leases that failed deserialization: [shardId-bad]`,
      `3625 [lam-thread] WARN ${PREFIX}.coordinator.assignment.MigrationAwareLAMDataManager - List of workerIds with invalid entries: [bad-worker]`,
    ]
    const findings = javaLogFindings(`${lines.join('\n')}\n`)
    assert.deepEqual(findings.unreadable, lines)
    assert.equal(findings.complaints, lines.length)
  })

  it('finds none in what KCL says on a good day', () => {
    const text = '12 [main] INFO x.Scheduler - Initialization attempt 1\n13 [t] WARN x - slow\n'
    assert.deepEqual(javaLogFindings(text), { unreadable: [], complaints: 1 })
  })
})
