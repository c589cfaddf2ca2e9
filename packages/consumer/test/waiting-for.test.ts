import assert from 'node:assert/strict'
import { InvalidCheckpointError } from '../src/errors.ts'
import { type RunningShard, type ShardView, waitingFor } from '../src/waiting-for.ts'
import { leaseOf, position } from './lease/leases.ts'
import { RUNNING, viewOf } from './shard-view.ts'

const P3 = 'shardId-000000000003'
const P4 = 'shardId-000000000004'

const mine = leaseOf('s', { leaseOwner: 'a' })
const theirs = leaseOf('s', { leaseOwner: 'b', checkpoint: position(7) })
const unread = leaseOf('s', { leaseOwner: 'b' })
const handedOver = leaseOf('s', { leaseOwner: 'b', checkpointOwner: 'a' })
const ended = leaseOf('s', { leaseOwner: 'b', checkpoint: position('SHARD_END') })

function running(fields: Partial<RunningShard>): Partial<ShardView> {
  return { lease: mine, running: { ...RUNNING, ...fields } }
}

function failing(
  what: 'handler' | 'read',
  error: unknown,
  failures: number,
): Pick<RunningShard, 'trouble'> {
  return { trouble: { what, error, failures } }
}

function aged(checkpointMs: number, counterMs = 1000): Pick<ShardView, 'age'> {
  return { age: { checkpointMs, counterMs } }
}

const CASES: readonly (readonly [string, Partial<ShardView>])[] = [
  ['ended', { lease: ended, parents: [P3] }],
  ['ended', { ...running({ state: 'shutting-down' }), lease: ended }],

  ['reading', running({})],
  ['reading', running({ handlerBusyMs: 4999 })],
  ['reading', { ...running({}), parents: [P3] }],
  ['starting', running({ state: 'initializing' })],
  ['starting', running({ state: 'waiting-on-parents' })],
  [
    `waiting for parent ${P3} to finish`,
    { ...running({ state: 'waiting-on-parents' }), parents: [P3] },
  ],
  [
    `waiting for parents ${P3} and ${P4} to finish`,
    { ...running({ state: 'waiting-on-parents' }), parents: [P3, P4] },
  ],
  ['paused', running({ isPaused: true })],
  ['handler call under way for 34 s', running({ handlerBusyMs: 34_999 })],
  [
    'handler call under way for 34 s, then paused',
    running({ handlerBusyMs: 34_000, isPaused: true }),
  ],
  [
    'handler failing, attempt 7: no such table',
    running({ handlerBusyMs: 9000, ...failing('handler', new Error('no such\n  table'), 7) }),
  ],
  ['read failing, attempt 2: 42', running(failing('read', 42, 2))],
  ['handler failing, attempt 1: RangeError', running(failing('handler', new RangeError(), 1))],
  [
    'read failing, attempt 3: Shard s: too early (ERR_KINESIS_INVALID_CHECKPOINT)',
    running(failing('read', new InvalidCheckpointError('s', 'too early'), 3)),
  ],
  ['stopping', running({ state: 'shutdown-requested' })],
  ['ending: its child leases and SHARD_END are to be stored', running({ state: 'shutting-down' })],
  ['stopped', running({ state: 'completed' })],

  ['assigned, first renewal under way', { lease: mine, isBeginning: true }],
  ['assigned to this worker, which has not taken it up yet', { lease: mine }],
  ['unassigned, waiting for the leader to assign it', {}],
  ['unassigned, waiting for a worker to lead', { leader: undefined }],
  [`waiting for parent ${P3} to finish`, { parents: [P3] }],

  ['being handed over from a to b', { lease: handedOver, workerId: 'c' }],
  ['being handed over from a to b', { ...running({}), lease: handedOver }],
  [
    'being handed over from a to b, handler call under way for 3 min',
    { ...running({ handlerBusyMs: 200_000 }), lease: handedOver },
  ],
  ['being given up by a', { lease: leaseOf('s', { checkpointOwner: 'a' }) }],

  ['owned by b', { lease: theirs }],
  ['owned by b, checkpoint 14 s old', { lease: theirs, ...aged(14_200) }],
  ['owned by b, checkpoint 119 s old', { lease: theirs, ...aged(119_999) }],
  ['owned by b, checkpoint 2 min old', { lease: theirs, ...aged(120_000) }],
  ['owned by b, checkpoint 3 h old', { lease: theirs, ...aged(11_000_000) }],
  ['owned by b, checkpoint 14 s old', { lease: theirs, parents: [P3], ...aged(14_000) }],
  ['owned by b, no checkpoint yet', { lease: unread }],
  ['owned by b, no checkpoint for 14 s', { lease: unread, ...aged(14_000) }],
  [`waiting for parent ${P3} to finish`, { lease: unread, parents: [P3], ...aged(14_000) }],
  ['owned by b, checkpoint 14 s old', { lease: theirs, ...aged(14_000, 10_000) }],
  ['owned by b, which has not renewed it for 11 s', { lease: theirs, ...aged(14_000, 11_000) }],
  [
    'owned by b, which has not renewed it for 11 s',
    { lease: unread, parents: [P3], ...aged(14_000, 11_000) },
  ],
]

describe('waitingFor', () => {
  for (const [words, view] of CASES) {
    it(`says: ${words}`, () => assert.equal(waitingFor(viewOf(view)), words))
  }

  it('keeps a long message short, and leaves the cause of an error out', () => {
    const error = new Error('x'.repeat(1000), { cause: new Error('payload') })
    const words = waitingFor(viewOf(running(failing('handler', error, 1))))
    assert.equal(words, `handler failing, attempt 1: ${'x'.repeat(200)}...`)
  })
})
