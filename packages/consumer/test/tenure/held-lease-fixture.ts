/** One held lease on a simulated table, in virtual time. */
import { type ExtendedSequenceNumber, isServiceError, type Random } from '@millrace/core'
import { nowMs, silentLogger } from '@millrace/core/internal'
import {
  runInVirtualTime,
  type SimulatedDynamo,
  type SimulatedDynamoOptions,
  type VirtualTime,
} from '@millrace/testing'
import type { LeaseLossReason } from '../../src/events.ts'
import type { Lease } from '../../src/lease/lease.ts'
import { LeaseStore } from '../../src/lease/lease-store.ts'
import { workerMetricsWrite } from '../../src/lease/worker-metrics-row.ts'
import { leaseCallTimeoutMs } from '../../src/tenure/belief.ts'
import { HeldLease } from '../../src/tenure/held-lease.ts'
import { LeaseGiver, type Parting } from '../../src/tenure/lease-giver.ts'
import { TABLE, tableWith } from '../lease/lease-table-fixture.ts'
import { leaseOf, position, rowOfLease } from '../lease/leases.ts'

export const F = 10_000
/** Belief after a write, milliseconds: F less its margin. */
export const BELIEF = 9500
export const KEY = 'shardId-000000000000'

/** The first renewal comes after a whole interval then; everything later is drawn. */
function fullFirstDraw(random: Random): Random {
  let isFirst = true
  return {
    uuid: () => random.uuid(),
    next: () => {
      if (!isFirst) return random.next()
      isFirst = false
      return 1
    },
  }
}

export class HeldLeaseBench {
  readonly time: VirtualTime
  readonly dynamo: SimulatedDynamo
  readonly store: LeaseStore
  readonly held: HeldLease
  readonly ends: { readonly reason: LeaseLossReason; readonly atMs: number }[] = []
  readonly checkpoints: ExtendedSequenceNumber[] = []
  /** To whom a handoff is asked, each time that the tenure tells of one. */
  readonly asked: (string | undefined)[] = []
  readonly partings: Parting[] = []
  /** What the lease is said to carry. */
  throughputKBps: number | undefined

  constructor(time: VirtualTime, dynamo: SimulatedDynamo, lease: Lease) {
    this.time = time
    this.dynamo = dynamo
    const requestTimeoutMs = leaseCallTimeoutMs(F)
    this.store = new LeaseStore({ dynamo, tableName: TABLE, requestTimeoutMs })
    const shared = {
      store: this.store,
      workerId: 'me',
      failoverTimeMs: F,
      logger: silentLogger,
    }
    const giver = new LeaseGiver({
      ...shared,
      random: time.random('giver'),
      onParted: (_, parting) => this.partings.push(parting),
    })
    this.held = new HeldLease({
      ...shared,
      lease,
      giver,
      random: fullFirstDraw(time.random('held')),
      throughput: () => this.throughputKBps,
      onHandoffAsked: ({ lease: { leaseOwner } }) => this.asked.push(leaseOwner),
      onEnd: (_, reason) => this.ends.push({ reason, atMs: time.elapsedMs() }),
      onCheckpoint: (_, at) => this.checkpoints.push(at),
    })
  }

  async row(): Promise<Lease> {
    const lease = await this.store.get(KEY)
    if (lease === undefined) throw new Error('the row is gone')
    return lease
  }

  /** By another worker's hand. */
  async steal(owner = 'you'): Promise<Lease> {
    const stolen = await this.store.assign(await this.row(), owner)
    if (stolen === undefined) throw new Error('not stolen')
    return stolen
  }

  async showLife(workerId: string): Promise<void> {
    await this.dynamo.updateItem(workerMetricsWrite(TABLE, workerId, nowMs()))
  }

  /** As a leader asks for it; the next owner gives a sign of life, unless it is gone. */
  async askForHandoff(to = 'you', next: 'alive' | 'gone' = 'alive'): Promise<Lease> {
    if (next === 'alive') await this.showLife(to)
    const asked = await this.store.startHandoff({ ...(await this.row()), leaseOwner: 'me' }, to)
    if (asked === undefined) throw new Error('not asked')
    return asked
  }

  /** From now on no write is answered. */
  cutOff(): { clear(): void } {
    return this.dynamo.injectFault({
      operation: 'updateItem',
      kind: 'fail',
      times: Number.POSITIVE_INFINITY,
    })
  }
}

export function holding(
  body: (bench: HeldLeaseBench) => Promise<void>,
  options: SimulatedDynamoOptions & { readonly seed?: number } = {},
): Promise<void> {
  const { seed, ...ofDynamo } = options
  return runInVirtualTime(
    async (time) => {
      const lease = leaseOf(KEY, {
        leaseOwner: 'me',
        leaseCounter: 41,
        checkpoint: position(100),
      })
      const bench = new HeldLeaseBench(time, await tableWith([rowOfLease(lease)], ofDynamo), lease)
      await body(bench)
      bench.held.abandon()
    },
    { seed },
  )
}

export function isNoAnswer(cause: unknown): boolean {
  return isServiceError(cause) && cause.ambiguous
}
