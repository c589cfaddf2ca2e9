/** The simulator itself: repeatable, and its checkers bite. */
import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../run-command.ts'
import { uncovered } from '../sim/checkers/coverage.ts'
import { type LeaseRow, readRow } from '../sim/checkers/lease-row.ts'
import { Ledger } from '../sim/checkers/ledger.ts'
import { LockChecker } from '../sim/checkers/lock-checker.ts'
import { OwnershipChecker } from '../sim/checkers/ownership-checker.ts'
import { TableChecker } from '../sim/checkers/table-checker.ts'
import { MUTANTS } from '../sim/mutants/mutants.ts'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')

async function sim(...args: string[]): Promise<{ exitCode: number; last: string }> {
  const result = await runCommand(
    process.execPath,
    ['--conditions=@millrace/source', '--import', 'tsx', 'integration/sim/main.ts', ...args],
    { cwd: ROOT, timeoutMs: 300_000 },
  )
  return { exitCode: result.exitCode, last: result.stdout.trimEnd().split('\n').at(-1) ?? '' }
}

/** How quick the machine is has no part in what is found. */
function withoutPace(found: object): object {
  return { ...found, seedsPerSecond: undefined }
}

describe('npm run sim', () => {
  it('finds the same in one process as spread over two, and no violation', async () => {
    const [one, two] = await Promise.all([
      sim('--seeds', '4', '--json', '--jobs', '1'),
      sim('--seeds', '4', '--json', '--jobs', '2'),
    ])
    assert.equal(one.exitCode, 0)
    const first = JSON.parse(one.last) as { violations: number }
    assert.equal(first.violations, 0)
    assert.deepEqual(withoutPace(JSON.parse(two.last) as object), withoutPace(first))
  })

  it('gives another hash for other seeds', async () => {
    const [one, two] = await Promise.all([
      sim('--seeds', '1', '--from', '5', '--json'),
      sim('--seeds', '1', '--from', '6', '--json'),
    ])
    const hash = (text: string): unknown => (JSON.parse(text) as { traceHash: string }).traceHash
    assert.notEqual(hash(one.last), hash(two.last))
  })

  it('exits 1 for a mutant that the checkers find', async () => {
    const { exitCode } = await sim('--mutant', 'resume-at-tip')
    assert.equal(exitCode, 1)
  })

  it('exits 2 for what it does not know', async () => {
    assert.equal((await sim('--sedes', '3')).exitCode, 2)
    assert.equal((await sim('--scenario', 'none')).exitCode, 2)
    assert.equal((await sim('--mutant', 'none')).exitCode, 2)
  })

  it('tells how it is used, and exits 0', async () => {
    const { exitCode, last } = await sim('--help')
    assert.equal(exitCode, 0)
    assert.match(last, /3: a mutant no longer applies/)
  })

  it('has mutants of different names', () => {
    assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length)
  })
})

describe('TableChecker', () => {
  function checked(...rows: { counter: number; at: string; sub?: number }[]): string[] {
    const found: string[] = []
    const checker = new TableChecker({
      ledger: new Ledger(),
      kinesis: () => ({ shards: () => [] }),
      failoverTimeMs: 10_000,
      handoffTimeoutMs: 8000,
      movesByCount: true,
      asksHolders: true,
      streamName: 's',
      nowMs: () => 0,
      report: (rule) => found.push(rule),
    })
    let before: Parameters<TableChecker['applied']>[0]['before']
    for (const { counter, at, sub = 0 } of rows) {
      const after = {
        leaseKey: { S: 'shardId-000000000000' },
        entityType: { S: 'LEASE' },
        leaseCounter: { N: String(counter) },
        checkpoint: { S: at },
        checkpointSubSequenceNumber: { N: String(sub) },
      }
      checker.applied({
        tableName: 't',
        key: { leaseKey: { S: 'shardId-000000000000' } },
        before,
        after,
        operation: 'UpdateItem',
      })
      before = after
    }
    return found
  }

  it('lets a checkpoint rise', () => {
    assert.deepEqual(
      checked(
        { counter: 0, at: 'TRIM_HORIZON' },
        { counter: 1, at: '9' },
        { counter: 2, at: '10' },
        { counter: 3, at: '10', sub: 1 },
      ),
      [],
    )
  })

  it('reports S3 for a checkpoint that goes back, also within an aggregate', () => {
    assert.deepEqual(checked({ counter: 0, at: '10' }, { counter: 1, at: '9' }), ['S3'])
    assert.deepEqual(checked({ counter: 0, at: '9', sub: 4 }, { counter: 1, at: '9', sub: 3 }), [
      'S3',
    ])
  })

  it('reports S6 for a row that leaves SHARD_END', () => {
    assert.deepEqual(checked({ counter: 0, at: 'SHARD_END' }, { counter: 1, at: '9' }), ['S6'])
  })

  it('reports S9 for a checkpoint without a new counter, and for a counter that jumps', () => {
    assert.deepEqual(checked({ counter: 5, at: '9' }, { counter: 5, at: '10' }), ['S9'])
    assert.deepEqual(checked({ counter: 5, at: '9' }, { counter: 7, at: '9' }), ['S9'])
  })
})

describe('OwnershipChecker', () => {
  /** A row of w2 becomes `to`, written as `owner` or, in a handoff, `owner<holder`. */
  function judged(
    what: { readonly by: string; readonly to: string; readonly leader?: string },
    stoodMs: number,
    was = 'w2',
  ): string[] {
    const found: string[] = []
    let nowMs = 0
    const shared = {
      nowMs: () => nowMs,
      report: (rule: string): number => found.push(rule),
      standsMs: 9900,
    }
    const lock = new LockChecker(shared)
    const rows = new Map<string, LeaseRow>()
    const checker = new OwnershipChecker({
      ...{ ...shared, rows, lock, handoffMs: 17_000, movesByCount: true, asksHolders: true },
      onHandedOver: (_, from) => found.push(`by ${from}`),
    })
    lock.applied({
      tableName: 't',
      key: {},
      before: undefined,
      after: { ownerName: { S: what.leader ?? 'w1' } },
      operation: 'PutItem',
    })
    const row = (owners: string, leaseCounter: string): LeaseRow => {
      const [owner = '', holder] = owners.split('<')
      return readRow({
        leaseOwner: { S: owner },
        ...(holder === undefined ? {} : { checkpointOwner: { S: holder } }),
        leaseCounter: { N: leaseCounter },
      })
    }
    // Another lease of w2, so that one of the two may move.
    rows.set('t', row('w2', '1'))
    rows.set('s', row('w2', '1'))
    checker.counted('s')
    if (was !== 'w2') {
      rows.set('s', row(was, '1'))
      checker.changed('s', row('w2', '1'), row(was, '1'), { process: 'w1', sentMs: nowMs })
    }
    nowMs += stoodMs
    const isAsked = what.to.includes('<') && was === 'w2'
    const is = row(what.to, isAsked ? '1' : '2')
    rows.set('s', is)
    checker.changed('s', row(was, '1'), is, { process: what.by, sentMs: nowMs })
    return found
  }

  it('lets the leader take a lease that has stood still for F', () => {
    assert.deepEqual(judged({ by: 'w1', to: 'w1' }, 10_000), [])
  })

  it('reports S7 for a lease that was taken too soon', () => {
    assert.deepEqual(judged({ by: 'w1', to: 'w1' }, 9000), ['S7'])
  })

  it('reports S7 for a live lease that the leader moves without asking its holder', () => {
    assert.deepEqual(judged({ by: 'w1', to: 'w3' }, 1000), ['S7'])
  })

  it('lets the leader, and nobody else, ask for a handoff', () => {
    assert.deepEqual(judged({ by: 'w1', to: 'w3<w2' }, 1000), [])
    assert.deepEqual(judged({ by: 'w3', to: 'w3<w2' }, 1000), ['S15'])
    assert.deepEqual(judged({ by: 'w1', to: 'w3<w4' }, 1000), ['S9'])
    assert.deepEqual(judged({ by: 'w1', to: 'w2<w2' }, 1000), ['L5'])
  })

  it('lets the holder end it at any time, and the leader after its deadline', () => {
    assert.deepEqual(judged({ by: 'w2', to: 'w3' }, 1000, 'w3<w2'), ['by w2'])
    assert.deepEqual(judged({ by: 'w1', to: 'w3' }, 9000, 'w3<w2'), ['S7'])
    assert.deepEqual(judged({ by: 'w1', to: 'w3' }, 18_000, 'w3<w2'), [])
    assert.deepEqual(judged({ by: 'w3', to: 'w3' }, 9000, 'w3<w2'), ['S15', 'S7'])
  })

  it('reports S15 for one that gives leases to others and does not lead', () => {
    assert.deepEqual(judged({ by: 'w3', to: 'w1' }, 10_000), ['S15'])
  })

  it('reports S9 for a heartbeat on the row of another', () => {
    assert.deepEqual(judged({ by: 'w1', to: 'w2' }, 1000), ['S9'])
    assert.deepEqual(judged({ by: 'w2', to: 'w2' }, 1000), [])
  })
})

describe('uncovered', () => {
  const row = (start: string, end: string, at = '1'): LeaseRow =>
    readRow({ startingHashKey: { S: start }, endingHashKey: { S: end }, checkpoint: { S: at } })
  const last = ((1n << 128n) - 1n).toString()

  it('finds nothing where every hash key has a lease', () => {
    assert.deepEqual(uncovered([row('0', '9'), row('10', last)]), [])
  })

  it('finds holes between, at the ends, and where a lease has ended', () => {
    assert.deepEqual(uncovered([row('5', '9'), row('11', last)]), [
      { start: 0n, end: 4n },
      { start: 10n, end: 10n },
    ])
    assert.deepEqual(uncovered([row('0', '9'), row('10', last, 'SHARD_END')]), [
      { start: 10n, end: BigInt(last) },
    ])
  })
})
