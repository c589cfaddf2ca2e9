import assert from 'node:assert/strict'
import { LiveWorkers, receivers } from '../../src/leader/live-workers.ts'
import type { WorkerMetricsRow } from '../../src/lease/worker-metrics-row.ts'
import { readWorkerMetrics } from '../../src/lease/worker-metrics-values.ts'

const WALL_MS = 1_704_067_200_000
const NONE: ReadonlySet<string> = new Set()

/** A row whose last update the wall clock of its writer dates so many seconds ago. */
function row(workerId: string, agoSeconds: number): WorkerMetricsRow {
  const metrics = readWorkerMetrics({})
  return { workerId, lastUpdateSeconds: WALL_MS / 1000 - agoSeconds, metrics }
}

/** Both clocks of the observer, so long after its start. */
function at(seconds: number): { readonly wallMs: number; readonly monotonicMs: number } {
  return { wallMs: WALL_MS + seconds * 1000, monotonicMs: 7000 + seconds * 1000 }
}

describe('LiveWorkers', () => {
  it('names those with a fresh row, sorted', () => {
    const live = new LiveWorkers()
    const rows = [row('b', 0), row('c', 61), row('a', 60), row('d', -61)]
    assert.deepEqual(live.observe(rows, NONE, at(0)), ['a', 'b'])
  })

  it('drops one whose row has not changed for a minute of its own clock', () => {
    const live = new LiveWorkers()
    live.observe([row('a', 0)], NONE, at(0))
    assert.deepEqual(live.observe([row('a', 0)], NONE, at(60)), ['a'])
    assert.deepEqual(live.observe([row('a', 0)], NONE, at(60.001)), [])
  })

  it('drops one that has left out three signs of its own rhythm, and the slack of a late look', () => {
    const live = new LiveWorkers()
    live.observe([row('a', 0)], NONE, at(0))
    live.observe([row('a', -10)], NONE, at(10))
    assert.deepEqual(live.observe([row('a', -10)], NONE, at(45)), ['a'])
    assert.deepEqual(live.observe([row('a', -10)], NONE, at(45.001)), [])
  })

  it('waits no longer than a minute for one of a slow rhythm', () => {
    const live = new LiveWorkers()
    live.observe([row('a', 0)], NONE, at(0))
    live.observe([row('a', -30)], NONE, at(30))
    assert.deepEqual(live.observe([row('a', -30)], NONE, at(90)), ['a'])
    assert.deepEqual(live.observe([row('a', -30)], NONE, at(90.001)), [])
  })

  it('believes a change of the row, whatever time it names', () => {
    const live = new LiveWorkers()
    assert.deepEqual(live.observe([row('a', 7200)], NONE, at(0)), [])
    assert.deepEqual(live.observe([row('a', 7190)], NONE, at(10)), ['a'])
    // The clock of the writer was set back.
    assert.deepEqual(live.observe([row('a', 9000)], NONE, at(65)), ['a'])
    assert.deepEqual(live.observe([row('a', 9000)], NONE, at(126)), [])
  })

  it('believes in a worker whose row was not there at the last look, whatever time it names', () => {
    const live = new LiveWorkers()
    assert.deepEqual(live.observe([row('a', 0)], NONE, at(0)), ['a'])
    assert.deepEqual(live.observe([row('a', 0), row('b', 7200)], NONE, at(2)), ['a', 'b'])
  })

  it('tells by the times in a row, not by its looks, who writes as often as ours do', () => {
    const live = new LiveWorkers()
    const rows = [row('ours', 0), row('java', 0), row('set back', 0)]
    live.observe(rows, NONE, at(0))
    for (const { workerId } of rows) assert.equal(live.isPrompt(workerId), false)
    // Written 10 s, and 30 s, after the last time; both were there a second after the first look.
    live.observe([row('ours', -10), row('java', -30), row('set back', 10)], NONE, at(1))
    assert.equal(live.isPrompt('ours'), true)
    assert.equal(live.isPrompt('java'), false)
    assert.equal(live.isPrompt('set back'), false)
    assert.equal(live.isPrompt('nobody'), false)
  })

  it('does not take the quick signs of a start for a rhythm', () => {
    const live = new LiveWorkers()
    live.observe([row('a', 0)], NONE, at(0))
    live.observe([row('a', -2)], NONE, at(2))
    assert.deepEqual(live.observe([row('a', -2)], NONE, at(22)), ['a'])
    assert.deepEqual(live.observe([row('a', -2)], NONE, at(22.001)), [])
  })

  it('calls silent whose row stood still for a minute, whatever time it names', () => {
    const live = new LiveWorkers()
    live.observe([row('still', 99_999), row('writes', 99_999)], NONE, at(0))
    assert.deepEqual([...live.silent], [])
    live.observe([row('still', 99_999), row('writes', 99_989)], NONE, at(10))
    live.observe([row('still', 99_999), row('writes', 99_989)], NONE, at(60.001))
    assert.deepEqual([...live.silent], ['still'])
  })

  it('does not look at its own wall clock after the first sight', () => {
    const live = new LiveWorkers()
    live.observe([row('a', 0)], NONE, at(0))
    const setForward = { ...at(10), wallMs: WALL_MS + 7_200_000 }
    assert.deepEqual(live.observe([row('a', 0)], NONE, setForward), ['a'])
  })

  it('takes the owner of an expired lease for dead until its row changes', () => {
    const live = new LiveWorkers()
    const rows = [row('a', 0), row('b', 0)]
    assert.deepEqual(live.observe(rows, new Set(['a']), at(0)), ['b'])
    // Its leases have another owner by now; its row is still fresh.
    assert.deepEqual(live.observe(rows, NONE, at(2)), ['b'])
    assert.deepEqual(live.observe([row('a', -10), row('b', 0)], NONE, at(10)), ['a', 'b'])
  })

  it('says dead also when the row changes while a lease of its is expired', () => {
    const live = new LiveWorkers()
    live.observe([row('a', 0)], NONE, at(0))
    assert.deepEqual(live.observe([row('a', -10)], new Set(['a']), at(10)), [])
    assert.deepEqual(live.observe([row('a', -20)], NONE, at(20)), ['a'])
  })

  it('takes for proven who was seen to write: not a fresh row that stood there before', () => {
    const live = new LiveWorkers()
    const proven = (rows: readonly WorkerMetricsRow[], seconds: number): string[] => {
      live.observe(rows, NONE, at(seconds))
      return [...live.proven]
    }
    assert.deepEqual(proven([row('dead', 5), row('a', 5)], 0), [])
    // New since: somebody has just written it.
    assert.deepEqual(proven([row('dead', 5), row('a', 5), row('b', -4)], 4), ['b'])
    assert.deepEqual(proven([row('dead', 5), row('a', -5), row('b', -4)], 6), ['a', 'b'])
    // One sign and then silence, as of a worker that crashes whenever it has started.
    assert.deepEqual(proven([row('dead', 5), row('a', -35), row('b', -4)], 39), ['a', 'b'])
    assert.deepEqual(proven([row('dead', 5), row('a', -35), row('b', -4)], 39.001), ['a'])
    assert.deepEqual(proven([row('dead', 5), row('a', -35), row('b', -40)], 41), ['a', 'b'])
  })

  it('takes for promising who is proven, or wrote in the last 15 s', () => {
    const live = new LiveWorkers()
    const promising = (rows: readonly WorkerMetricsRow[], seconds: number): string[] => {
      live.observe(rows, NONE, at(seconds))
      return [...live.promising]
    }
    const dead = row('dead', 5)
    assert.deepEqual(promising([dead, row('older', 16), row('a', 5)], 0), ['dead', 'a'])
    assert.deepEqual(promising([dead, row('a', -5)], 10), ['dead', 'a'])
    assert.deepEqual(promising([dead, row('a', -5)], 10.001), ['a'])
    assert.deepEqual(promising([dead, row('a', -15)], 25), ['a'])
    assert.deepEqual(promising([row('dead', -26), row('a', -25)], 26), ['dead', 'a'])
  })

  it('takes nobody for proven who is dead', () => {
    const live = new LiveWorkers()
    live.observe([], NONE, at(0))
    live.observe([row('a', 0)], new Set(['a']), at(1))
    assert.deepEqual([...live.proven], [])
  })

  it('forgets one whose row is gone', () => {
    const live = new LiveWorkers()
    live.observe([row('a', 0)], new Set(['a']), at(0))
    assert.deepEqual(live.observe([], NONE, at(2)), [])
    // The same id begins anew.
    assert.deepEqual(live.observe([row('a', 0)], NONE, at(4)), ['a'])
  })
})

describe('receivers', () => {
  const row = (workerId: string, standing: 'default' | 'measured' | 'failing' | 'invalid') => ({
    workerId,
    lastUpdateSeconds: 0,
    metrics: { standing, averages: new Map(), limits: new Map() },
  })

  it('leaves out workers whose measurements fail or make no sense', () => {
    const rows = [
      row('a', 'default'),
      row('b', 'failing'),
      row('c', 'invalid'),
      row('d', 'measured'),
    ]
    assert.deepEqual(receivers(rows, ['a', 'b', 'c', 'd']), ['a', 'd'])
  })

  it('never leaves a fleet without a worker that may receive', () => {
    assert.deepEqual(receivers([row('b', 'failing')], ['b']), ['b'])
  })
})
