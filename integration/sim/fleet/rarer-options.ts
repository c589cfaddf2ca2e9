/**
 * Options that some fleets run with instead of the defaults: drawn after everything else of a plan,
 * so that what was drawn before stays what it was. Pure.
 */
import type { LeaseOptions, PollingOptions } from '@millrace/consumer'
import type { Random } from '@millrace/core'
import type { HistoryPlan } from './history-plan.ts'
import { HANDOFF_TIMEOUT_MS } from './names.ts'

const BY_UTILIZATION = 0.15
const WITHOUT_HANDOFFS = 0.1
const LITTLE_READ_AHEAD = 0.25
const MOST_PENDING_BATCHES = 3
const MOST_PENDING_BYTES = 2000
/** Of the default, loads are evened out once a minute: too seldom for a short history. */
const MOST_ROUNDS = 6

export function withRarerOptions(plan: HistoryPlan, random: Random): HistoryPlan {
  const byUtilization = random.next() < BY_UTILIZATION
  const varianceBalancingFrequency = 1 + Math.floor(random.next() * MOST_ROUNDS)
  const withoutHandoffs = random.next() < WITHOUT_HANDOFFS
  const readsLittleAhead = random.next() < LITTLE_READ_AHEAD
  const retrieval: PollingOptions = {
    mode: 'polling',
    maxPendingBatches: 1 + Math.floor(random.next() * MOST_PENDING_BATCHES),
    maxPendingBytes: 1 + Math.floor(random.next() * MOST_PENDING_BYTES),
  }
  return withLease(readsLittleAhead ? withRetrieval(plan, retrieval) : plan, {
    ...(byUtilization
      ? {
          assignmentStrategy: 'worker-utilization',
          workerUtilization: { varianceBalancingFrequency },
        }
      : {}),
    ...(withoutHandoffs
      ? { gracefulHandoff: { enabled: false, timeoutMs: HANDOFF_TIMEOUT_MS } }
      : {}),
  })
}

function withRetrieval(plan: HistoryPlan, retrieval: PollingOptions): HistoryPlan {
  const before = plan.consumer?.retrieval
  return {
    ...plan,
    consumer: { ...plan.consumer, retrieval: { ...before, ...retrieval } },
  }
}

export function withLease(plan: HistoryPlan, lease: LeaseOptions): HistoryPlan {
  return { ...plan, consumer: { ...plan.consumer, lease: { ...plan.consumer?.lease, ...lease } } }
}

/** Leases are spread by what they carry, so their counts say nothing. */
export function isByUtilization({ consumer }: Pick<HistoryPlan, 'consumer'>): boolean {
  return consumer?.lease?.assignmentStrategy === 'worker-utilization'
}

/** A leader takes what it moves at once instead of asking for it. */
export function isWithoutHandoffs({ consumer }: Pick<HistoryPlan, 'consumer'>): boolean {
  return consumer?.lease?.gracefulHandoff?.enabled === false
}
