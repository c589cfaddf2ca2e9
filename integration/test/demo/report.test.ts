import assert from 'node:assert/strict'
import type { Account } from '../../demo/account.ts'
import { type ProgressView, progressBlock, progressLine } from '../../demo/progress.ts'
import { Rate } from '../../demo/rate.ts'
import { type RunStory, summaryOf } from '../../demo/summary.ts'
import { shardList } from '../../demo/words.ts'

const ACCOUNT: Account = {
  acked: 20_000,
  delivered: 20_010,
  unique: 20_000,
  missing: 0,
  duplicates: 10,
  corrupt: 0,
  childBeforeParent: 0,
  checkpointRegressions: 0,
  kills: 1,
  splits: 1,
  merges: 1,
  workers: [11, 12, 13],
  takeoverMs: 10_400,
  firstRecordMs: 2345,
  leaders: [12, 11],
  handoffs: 1,
  waited: 2,
  userRecordsPerKinesisRecord: 16,
}
const STORY: RunStory = {
  killedPid: 12,
  killedShards: '2,3',
  split: 'shard 1 into 4,5',
  merge: 'shards 2,3 into 6',
}

describe('summaryOf', () => {
  it('says that the promises held, and what was done to the fleet', () => {
    const summary = summaryOf(ACCOUNT, STORY)
    assert.match(summary, /HELD/)
    assert.match(summary, /missing +0: nothing was lost/)
    assert.match(summary, /worker 12 with SIGKILL, while it held shards 2,3; .* after 10\.4 s/)
    assert.match(summary, /split +shard 1 into 4,5/)
    assert.match(summary, /duplicated +10:/)
    assert.match(summary, /first +record 2\.3 s after/)
    assert.match(summary, /leader +worker 12, then worker 11/)
    assert.match(summary, /handed over +1 lease,/)
    assert.match(summary, /waited +2 shards,/)
  })

  it('says that one was broken', () => {
    for (const name of [
      'missing',
      'corrupt',
      'childBeforeParent',
      'checkpointRegressions',
    ] as const) {
      assert.match(summaryOf({ ...ACCOUNT, [name]: 1 }, STORY), /VIOLATED/, name)
    }
  })
})

describe('progress', () => {
  const view: ProgressView = {
    elapsedMs: 12_340,
    records: 20_000,
    acked: 8000,
    delivered: 7900,
    putsPerSecond: 667.4,
    deliveriesPerSecond: 650,
    lagMs: 200,
    leaderPid: 11,
    workers: [
      {
        pid: 11,
        alive: true,
        delivered: 4000,
        held: new Set(['shardId-000000000010', 'shardId-000000000002']),
      },
      { pid: 12, alive: false, delivered: 3900, held: new Set() },
    ],
  }

  it('is one line that tells counts, rates, lag and who holds what', () => {
    const line = progressLine(view)
    assert.match(
      line,
      /^12\.3 s {2}put 8,000 of 20,000 \(667\/s\) \| delivered 7,900 \(650\/s\) \| lag 0\.2 s/,
    )
    assert.match(line, /11 leads, holds 2,10 \| 12 is dead$/)
    assert.ok(!line.includes('\n'))
  })

  it('is a line a worker on a terminal', () => {
    const block = progressBlock(view).join('\n')
    assert.match(block, /worker 11 {2}shards 2,10 .* leads/)
    assert.match(block, /worker 12 {2}killed/)
  })

  it('keeps shard names that are not of the usual form', () => {
    assert.equal(shardList(['shardId-000000000007', 'odd']), '7,odd')
    assert.equal(shardList([]), 'none')
  })
})

describe('Rate', () => {
  it('looks at the last moments only', () => {
    const rate = new Rate()
    assert.equal(rate.perSecond(0, 0), 0)
    assert.equal(rate.perSecond(1000, 100), 100)
    for (const second of [2, 3, 4, 5, 6, 7, 8]) rate.perSecond(second * 1000, 100)
    assert.equal(rate.perSecond(9000, 100), 0)
  })
})
