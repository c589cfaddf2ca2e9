import assert from 'node:assert/strict'
import { EXIT } from '../../interop/exit-codes.ts'
import { type FleetFacts, judgeMixedFleet } from '../../interop/mixed-fleet-verdict.ts'

const GOOD: FleetFacts = {
  account: {
    acked: 10,
    delivered: 11,
    unique: 10,
    missing: 0,
    duplicates: 1,
    corrupt: 0,
    childBeforeParent: 0,
    checkpointRegressions: 0,
    kills: 2,
    splits: 0,
    merges: 0,
    workers: [1, 2],
    takeoverMs: 1,
    firstRecordMs: 2000,
    leaders: [1],
    handoffs: 0,
    waited: 0,
    userRecordsPerKinesisRecord: 1,
  },
  steps: [{ what: 'shared', tookMs: 1 }],
  leaders: ['java-1', 'worker-2', 'java-3'],
  crossings: { javaToMillrace: 1, millraceToJava: 1 },
  takeoverMs: [1, null],
  deliveredBy: { 1: 5, 2: 6 },
  unreadable: [],
  javaComplaints: 3,
  troubles: [],
}

describe('judgeMixedFleet', () => {
  it('holds when nothing is missing, all steps came about and leadership crossed both ways', () => {
    assert.equal(judgeMixedFleet(GOOD).exitCode, EXIT.held)
  })

  it('names each promise that is broken', () => {
    const wrongs: readonly (readonly [Partial<FleetFacts>, string])[] = [
      [{ account: { ...GOOD.account, missing: 1 } }, '"missing":1'],
      [{ account: { ...GOOD.account, checkpointRegressions: 1 } }, '"checkpointRegressions":1'],
      [{ account: { ...GOOD.account, acked: 0 } }, 'no record was put'],
      [{ steps: [{ what: 'shared', tookMs: null }] }, 'did not happen: shared'],
      [{ crossings: { javaToMillrace: 0, millraceToJava: 1 } }, 'from Java to Millrace'],
      [{ crossings: { javaToMillrace: 1, millraceToJava: 0 } }, 'from Millrace to Java'],
      [{ unreadable: ['Failed to deserialize lease'] }, 'Java could not read 1 times'],
    ]
    for (const [wrong, words] of wrongs) {
      const { exitCode, report } = judgeMixedFleet({ ...GOOD, ...wrong })
      assert.equal(exitCode, EXIT.violated, words)
      assert.ok(
        JSON.stringify((report as { broken: unknown }).broken).includes(
          words.replaceAll('"', '\\"'),
        ),
        words,
      )
    }
  })

  it('shows nothing when a worker ended by itself', () => {
    assert.equal(judgeMixedFleet({ ...GOOD, troubles: ['gone'] }).exitCode, EXIT.inconclusive)
  })
})
