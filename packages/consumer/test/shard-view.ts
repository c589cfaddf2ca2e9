/** A shard as one worker sees it, for tests: nothing special but the named fields. */
import type { RunningShard, ShardView } from '../src/waiting-for.ts'
import { leaseOf } from './lease/leases.ts'

export const RUNNING: RunningShard = {
  state: 'processing',
  millisBehindLatest: 0,
  lastError: undefined,
  trouble: undefined,
  isPaused: false,
  handlerBusyMs: undefined,
}

export function viewOf(fields: Partial<ShardView> = {}): ShardView {
  return {
    workerId: 'a',
    lease: leaseOf('s'),
    parents: [],
    running: undefined,
    isBeginning: false,
    age: undefined,
    leader: 'a',
    failoverTimeMs: 10_000,
    ...fields,
  }
}
