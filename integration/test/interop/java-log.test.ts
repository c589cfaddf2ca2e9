import assert from 'node:assert/strict'
import { javaLogFindings } from '../../interop/java-log.ts'

describe('javaLogFindings', () => {
  it('finds each of the ways in which KCL says that it cannot read a row', () => {
    const lines = [
      '12 [lam-thread] ERROR x.DynamoDBLeaseRefresher - Failed to deserialize lease',
      '13 [lam-thread] WARN x.LeaseAssignmentManager - Leases that failed deserialization: [a]',
      '14 [t] INFO x.DynamoDBLeaseTaker - List of leaseKeys failed to deserialize : [a] ',
      '15 [t] WARN x.LeaseAssignmentManager - List of workerIds with invalid entries: [w]',
    ]
    const findings = javaLogFindings(`${lines.join('\n')}\n`)
    assert.deepEqual(findings.unreadable, lines)
    assert.equal(findings.complaints, 3)
  })

  it('finds none in what KCL says on a good day', () => {
    const text = '12 [main] INFO x.Scheduler - Initialization attempt 1\n13 [t] WARN x - slow\n'
    assert.deepEqual(javaLogFindings(text), { unreadable: [], complaints: 1 })
  })
})
