/** The states of a shard consumer and the events that move it. Pure. KCL: `ConsumerStates`. */

export type ShardState =
  | 'waiting-on-parents'
  | 'initializing'
  | 'processing'
  | 'shutdown-requested'
  | 'shutting-down'
  | 'completed'

export type ShardEvent =
  /** Every parent's lease is at SHARD_END, or there is none. */
  | 'parents-ended'
  | 'initialized'
  /** Every record of the closed shard is done. */
  | 'drained'
  | 'stop-requested'
  | 'lease-lost'
  /** Nothing of this tenure is left to do. */
  | 'finished'

/** Unlike in KCL, a stop or a lost lease moves on from every state, whatever failed before (R40, R52). */
const ALWAYS: Partial<Record<ShardEvent, ShardState>> = {
  'lease-lost': 'shutting-down',
  finished: 'completed',
}

const TABLE: Readonly<Record<ShardState, Partial<Record<ShardEvent, ShardState>>>> = {
  // No processor exists yet: nobody is to be told.
  'waiting-on-parents': {
    ...ALWAYS,
    'parents-ended': 'initializing',
    'stop-requested': 'shutting-down',
  },
  initializing: { ...ALWAYS, initialized: 'processing', 'stop-requested': 'shutdown-requested' },
  processing: { ...ALWAYS, drained: 'shutting-down', 'stop-requested': 'shutdown-requested' },
  'shutdown-requested': ALWAYS,
  // At shard end children are created and SHARD_END is stored here: that can be stopped, too.
  'shutting-down': { ...ALWAYS, 'stop-requested': 'shutdown-requested' },
  completed: {},
}

/** An event that means nothing in a state leaves it. */
export function nextShardState(state: ShardState, event: ShardEvent): ShardState {
  return TABLE[state][event] ?? state
}
