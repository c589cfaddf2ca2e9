import assert from 'node:assert/strict'
import { nextShardState, type ShardEvent, type ShardState } from '../../src/shard/shard-state.ts'

const EVENTS: readonly ShardEvent[] = [
  'parents-ended',
  'initialized',
  'drained',
  'stop-requested',
  'lease-lost',
  'finished',
]
/** A row a state, a column an event, in the order above. */
const TABLE: Readonly<Record<ShardState, readonly ShardState[]>> = {
  'waiting-on-parents': [
    'initializing',
    'waiting-on-parents',
    'waiting-on-parents',
    'shutting-down',
    'shutting-down',
    'completed',
  ],
  initializing: [
    'initializing',
    'processing',
    'initializing',
    'shutdown-requested',
    'shutting-down',
    'completed',
  ],
  processing: [
    'processing',
    'processing',
    'shutting-down',
    'shutdown-requested',
    'shutting-down',
    'completed',
  ],
  'shutdown-requested': [
    'shutdown-requested',
    'shutdown-requested',
    'shutdown-requested',
    'shutdown-requested',
    'shutting-down',
    'completed',
  ],
  'shutting-down': [
    'shutting-down',
    'shutting-down',
    'shutting-down',
    'shutdown-requested',
    'shutting-down',
    'completed',
  ],
  completed: Array<ShardState>(6).fill('completed'),
}

describe('nextShardState', () => {
  for (const [state, row] of Object.entries(TABLE)) {
    it(`moves on from ${state} as its row says`, () => {
      const next = EVENTS.map((event) => nextShardState(state as ShardState, event))
      assert.deepEqual(next, row)
    })
  }
})
