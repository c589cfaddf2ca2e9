import assert from 'node:assert/strict'
import { accountOf, holds } from '../../demo/account.ts'
import type { Evidence } from '../../demo/evidence.ts'
import type {
  AckedEntry,
  CheckpointedEntry,
  DeliveredEntry,
  JournalEntry,
} from '../../demo/journal-entry.ts'

const CONTENT = { partitionKey: 'JFK', digest: 'd' }

function acked(place: string, content: Partial<typeof CONTENT> = {}): AckedEntry {
  return { kind: 'acked', atMs: 0, index: 0, ...placeOf(place), ...CONTENT, ...content }
}
function delivered(
  place: string,
  atMs: number,
  content: Partial<typeof CONTENT> = {},
): DeliveredEntry {
  return { kind: 'delivered', atMs, ...placeOf(place), ...CONTENT, ...content }
}
function checkpointed(place: string, atMs: number): CheckpointedEntry {
  return { kind: 'checkpointed', atMs, ...placeOf(place) }
}
/** `shard/sequence/sub` */
function placeOf(
  place: string,
): Pick<AckedEntry, 'shardId' | 'sequenceNumber' | 'subSequenceNumber'> {
  const [shardId = '', sequenceNumber = '', sub = '0'] = place.split('/')
  return { shardId, sequenceNumber, subSequenceNumber: Number(sub) }
}
function evidence(
  put: readonly AckedEntry[],
  journals: readonly (readonly JournalEntry[])[],
  rest: Partial<Evidence> = {},
): Evidence {
  const workers = journals.map((entries, i) => ({ pid: 100 + i, startedMs: 0, entries }))
  return { acked: put, workers, kills: [], splits: 0, merges: 0, parents: new Map(), ...rest }
}

describe('accountOf', () => {
  const put = [acked('a/1/0'), acked('a/1/1', { digest: 'e' }), acked('b/2')]
  const all = [delivered('a/1/0', 1), delivered('a/1/1', 2, { digest: 'e' }), delivered('b/2', 3)]

  it('tells who led, what was handed over, what waited and when the first record came', () => {
    const { leaders, handoffs, waited, firstRecordMs } = accountOf(
      evidence(put, [
        [{ kind: 'leads', atMs: 9 }, ...all.slice(1)],
        [
          { kind: 'leads', atMs: 4 },
          { kind: 'handed-over', atMs: 5, shardId: 'a', to: 'w', reason: 'completed', tookMs: 1 },
          { kind: 'handed-over', atMs: 6, shardId: 'a', to: null, reason: 'lost', tookMs: 1 },
          { kind: 'waits', atMs: 7, shardId: 'c', why: 'waiting for parent a to finish' },
          { kind: 'waits', atMs: 8, shardId: 'c', why: 'waiting for parent b to finish' },
        ],
      ]),
    )
    assert.deepEqual(
      { leaders, handoffs, waited, firstRecordMs },
      { leaders: [101, 100], handoffs: 1, waited: 1, firstRecordMs: 2 },
    )
  })

  it('holds when each record came once', () => {
    const account = accountOf(evidence(put, [all.slice(0, 2), all.slice(2)]))
    assert.deepEqual(account, {
      acked: 3,
      delivered: 3,
      unique: 3,
      missing: 0,
      duplicates: 0,
      corrupt: 0,
      childBeforeParent: 0,
      checkpointRegressions: 0,
      kills: 0,
      splits: 0,
      merges: 0,
      workers: [100, 101],
      takeoverMs: null,
      firstRecordMs: 1,
      leaders: [],
      handoffs: 0,
      waited: 0,
      userRecordsPerKinesisRecord: 1.5,
    })
    assert.ok(holds(account))
  })

  it('misses a record that never came, even if another came twice', () => {
    const account = accountOf(
      evidence(put, [[all[0], all[1], all[1]].filter((e) => e !== undefined)]),
    )
    assert.deepEqual([account.missing, account.duplicates, account.delivered], [1, 1, 3])
    assert.ok(!holds(account))
  })

  it('counts every delivery beyond the first as a duplicate, across workers, and holds', () => {
    const account = accountOf(evidence(put, [all, all, all]))
    assert.deepEqual([account.unique, account.duplicates, account.delivered], [3, 6, 9])
    assert.ok(holds(account))
  })

  it('finds a record with other bytes, and one with another key, corrupt once each', () => {
    for (const change of [{ digest: 'x' }, { partitionKey: 'LAX' }]) {
      const wrong = delivered('b/2', 3, change)
      const account = accountOf(evidence(put, [[...all.slice(0, 2), wrong, wrong]]))
      assert.deepEqual([account.corrupt, account.missing, account.duplicates], [1, 0, 1])
      assert.ok(!holds(account))
    }
  })

  it('finds a right delivery and a wrong one of the same record corrupt', () => {
    const account = accountOf(evidence(put, [all, [delivered('b/2', 9, { digest: 'x' })]]))
    assert.deepEqual([account.corrupt, account.duplicates], [1, 1])
  })

  it('finds two records that changed places corrupt', () => {
    const swapped = [delivered('a/1/0', 1, { digest: 'e' }), delivered('a/1/1', 2)]
    assert.equal(accountOf(evidence(put.slice(0, 2), [swapped])).corrupt, 2)
  })

  it('takes a second stored copy of a put for a duplicate, and bytes nobody put for corrupt', () => {
    const copy = delivered('a/7', 4)
    assert.equal(accountOf(evidence(put, [[...all, copy]])).duplicates, 1)
    const stranger = delivered('a/8', 5, { digest: 'nobody' })
    const account = accountOf(evidence(put, [[...all, stranger]]))
    assert.deepEqual([account.corrupt, account.duplicates, account.delivered], [1, 0, 4])
  })

  it('misses one of two records that were acked at the same place', () => {
    assert.equal(accountOf(evidence([...put, acked('b/2')], [all])).missing, 1)
  })

  describe('parents before children', () => {
    const parents = new Map([
      ['b', ['a']],
      ['c', ['b', 'x']],
    ])
    const family = [acked('a/1'), acked('a/2'), acked('c/3')]
    const violations = (journals: readonly (readonly JournalEntry[])[]): number =>
      accountOf(evidence(family, journals, { parents })).childBeforeParent

    it('holds when the child began after the last record of its parent', () => {
      const first = [delivered('a/1', 1), delivered('a/2', 2)]
      assert.equal(violations([first, [delivered('c/3', 3)]]), 0)
    })

    it('sees a child that began too early, though a parent without records stands between', () => {
      assert.equal(violations([[delivered('a/1', 1), delivered('c/3', 2), delivered('a/2', 3)]]), 1)
    })

    it('does not mind a parent that is delivered again after its child', () => {
      const first = [delivered('a/1', 1), delivered('a/2', 2), delivered('c/3', 3)]
      assert.equal(violations([first, [delivered('a/2', 4)]]), 0)
    })
  })

  describe('checkpoints', () => {
    const regressions = (...journals: JournalEntry[][]): number =>
      accountOf(evidence([], journals)).checkpointRegressions

    it('may rise and repeat, from worker to worker, to SHARD_END', () => {
      const older = [checkpointed('a/9/0', 1), checkpointed('a/9/2', 2)]
      const newer = [
        checkpointed('a/9/2', 3),
        checkpointed('a/10/0', 4),
        checkpointed('a/SHARD_END', 5),
      ]
      assert.equal(regressions(newer, older), 0)
    })

    it('must not go back: not by one sub-sequence number, not after SHARD_END', () => {
      assert.equal(regressions([checkpointed('a/9/2', 1)], [checkpointed('a/9/1', 2)]), 1)
      assert.equal(regressions([checkpointed('a/SHARD_END', 1)], [checkpointed('a/9/1', 2)]), 1)
    })

    it('of different shards have nothing to do with each other', () => {
      assert.equal(regressions([checkpointed('a/9/2', 1), checkpointed('b/1/0', 2)]), 0)
    })
  })

  describe('takeover', () => {
    const kills = [{ pid: 100, atMs: 10 }]
    const held = (shardId: string): JournalEntry => ({ kind: 'held', atMs: 1, shardId })
    const takeover = (mine: JournalEntry[], others: JournalEntry[]): number | null =>
      accountOf(evidence([], [mine, others], { kills })).takeoverMs

    it('ends with the first delivery elsewhere out of a shard that was held', () => {
      const others = [delivered('b/1', 12), delivered('a/1', 25), delivered('a/2', 26)]
      assert.equal(takeover([held('a'), delivered('a/0', 9)], others), 15)
    })

    it('is that of the slowest shard, whoever took it', () => {
      const mine = [held('a'), held('b'), held('c')]
      const others = [delivered('b/1', 40), delivered('a/1', 25), delivered('b/2', 90)]
      assert.equal(takeover(mine, others), 30)
      const third = [delivered('b/1', 35)]
      const journals = evidence([], [mine, others, third], { kills })
      assert.equal(accountOf(journals).takeoverMs, 25)
    })

    it('ignores shards that were lost or ended before the kill, and deliveries before it', () => {
      const lost: JournalEntry = { kind: 'lost', atMs: 2, shardId: 'a' }
      assert.equal(takeover([held('a'), lost], [delivered('a/1', 25)]), null)
      const ended = checkpointed('a/SHARD_END', 3)
      assert.equal(takeover([held('a'), ended], [delivered('a/1', 25)]), null)
      assert.equal(takeover([held('a')], [delivered('a/1', 9)]), null)
    })
  })
})
