/**
 * Two Java and two Millrace workers on one lease table while records flow: the leases spread, one
 * worker of each kind dies, and leadership passes from each kind to the other.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monotonicMs } from '@millrace/core/internal'
import { accountOf } from '../demo/account.ts'
import { DemoChild } from '../demo/child-process.ts'
import { Fleet } from '../demo/fleet.ts'
import { APPLICATION, type Listening } from '../demo/processes.ts'
import { takeoverOf } from '../demo/takeover.ts'
import { seconds } from '../demo/words.ts'
import { InconclusiveError } from './exit-codes.ts'
import { javaLogFindings } from './java-log.ts'
import { javaWorkerProgram } from './java-worker.ts'
import { kclTableInput } from './kcl-table.ts'
import { LeaseTableWatch, waitUntil } from './lease-table-watch.ts'
import type { FleetFacts, StepFact } from './mixed-fleet-verdict.ts'
import { crossingsOf, kindOf, spreadOf, type TableView, type WorkerKind } from './table-view.ts'

export interface MixedFleetRun {
  readonly dynamodbUrl: string | undefined
  /** For journals and logs; emptied by the caller. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

const SHARDS = 12
/** Slow enough to last until the last step of a usual run. */
const RECORDS = 15_000
const PUT_MS = 420_000
const LOOK_MS = 500
const MIGRATION_LIMIT_MS = 120_000
/** KCL balances every third round of 20 s, and its cold start alone takes two minutes. */
const SETTLE_LIMIT_MS = 360_000
/** A KCL leader's lock outlives it by two minutes. */
const LEADER_LIMIT_MS = 240_000
const DRAIN_LIMIT_MS = 120_000
const QUIET_MS = 5000
const JAVA_STOP_LIMIT_MS = 90_000
const FAIR_SPREAD = 1

interface Member {
  readonly workerId: string
  readonly pid: number
  readonly kind: WorkerKind
}

/** @throws InconclusiveError, ProcessLostError, AbortedError */
export async function runMixedFleet(run: MixedFleetRun): Promise<FleetFacts> {
  const fleet = new Fleet(run.folder)
  let watch: LeaseTableWatch | undefined
  try {
    const listening = await fleet.startServer({ shards: SHARDS, dynamodbUrl: run.dynamodbUrl })
    watch = new LeaseTableWatch(listening.dynamodbUrl, APPLICATION)
    return await new RunningFleet(run, fleet, listening, watch).finish()
  } finally {
    await fleet.destroy()
    watch?.close()
  }
}

class RunningFleet {
  readonly #run: MixedFleetRun
  readonly #fleet: Fleet
  readonly #listening: Listening
  readonly #watch: LeaseTableWatch
  readonly #steps: StepFact[] = []
  readonly #javaLogs: string[] = []
  #live: Member[] = []

  constructor(run: MixedFleetRun, fleet: Fleet, listening: Listening, watch: LeaseTableWatch) {
    this.#run = run
    this.#fleet = fleet
    this.#listening = listening
    this.#watch = watch
  }

  async finish(): Promise<FleetFacts> {
    await this.#watch.makeTable(kclTableInput(APPLICATION))
    this.#fleet.startProducer({ input: undefined, records: RECORDS, putMs: PUT_MS })
    this.#start('java')
    // Of two Java workers that come up at once on a new table one dies.
    await this.#reach(
      'first Java worker has joined',
      MIGRATION_LIMIT_MS,
      (view) => view.migrationRow,
    )
    this.#start('java')
    this.#start('millrace')
    this.#start('millrace')
    await this.#settle('four workers share the leases')
    await this.#killOne('java')
    await this.#settle('three workers share the leases')
    await this.#killOne('millrace')
    await this.#settle('two workers share the leases')
    const stopped = await this.#leadershipCrosses()
    this.#start(stopped)
    await this.#settle('a new worker has its share')
    await this.#leadershipCrosses()
    await this.#drain()
    return await this.#facts()
  }

  #start(kind: WorkerKind): void {
    const log = join(this.#run.folder, `java-${this.#javaLogs.length}.log`)
    const application = APPLICATION
    let pid: number
    if (kind === 'java') {
      this.#javaLogs.push(log)
      pid = this.#fleet.addWorker((journal) => {
        const program = javaWorkerProgram({ ...this.#listening, application, journal, log })
        return DemoChild.ofProgram('worker', program)
      })
    } else {
      pid = this.#fleet.startWorker({ sabotage: undefined, style: 'record' })
    }
    const workerId = kind === 'java' ? `java-${pid}` : `worker-${pid}`
    this.#live.push({ workerId, pid, kind })
    this.#run.say(`>> ${workerId} starts`)
  }

  async #settle(what: string): Promise<void> {
    const isFair = (view: TableView): boolean => {
      const live = this.#live.map(({ workerId }) => workerId)
      const spread = spreadOf(view, SHARDS, live)
      return spread !== undefined && spread <= FAIR_SPREAD && this.#workOnTheirOwn(view)
    }
    await this.#reach(what, SETTLE_LIMIT_MS, isFair)
  }

  /** A lease in a KCL worker's name is not read yet: KCL sleeps for a minute after its first sync. */
  #workOnTheirOwn(view: TableView): boolean {
    const notes = new Map(this.#fleet.view.workers.map((worker) => [worker.pid, worker]))
    const workers = new Map(this.#live.map(({ workerId, pid }) => [workerId, notes.get(pid)]))
    const idle = [...workers.values()].some((worker) => !(worker && worker.delivered > 0))
    return (
      !idle &&
      view.leases.every(({ shardId, owner }) => {
        return workers.get(owner ?? '')?.held.has(shardId) === true
      })
    )
  }

  /** Waits for it, looking on; a run in which it does not come about has failed. */
  async #reach(what: string, limitMs: number, ready: (view: TableView) => boolean): Promise<void> {
    const { signal, say } = this.#run
    let seen: TableView | undefined
    const lookOn = async (): Promise<boolean> => {
      seen = await this.#watch.look()
      this.#fleet.readJournals()
      const [trouble] = this.#fleet.troubles
      if (trouble !== undefined) throw new InconclusiveError(trouble)
      return ready(seen)
    }
    const tookMs = await waitUntil(lookOn, { limitMs, everyMs: LOOK_MS, signal })
    this.#steps.push({ what, tookMs: tookMs === undefined ? null : Math.round(tookMs) })
    const when =
      tookMs === undefined ? `NOT within ${seconds(limitMs)}` : `after ${seconds(tookMs)}`
    say(`${what}: ${when}; ${tellOf(seen)}`)
  }

  /** The leader, if one of the kind leads: that hurts most. */
  async #killOne(kind: WorkerKind): Promise<void> {
    const { leader } = await this.#watch.look()
    const members = this.#live.filter((member) => member.kind === kind)
    const victim = members.find(({ workerId }) => workerId === leader) ?? members[0]
    if (victim === undefined) throw new InconclusiveError(`no ${kind} worker is left to be killed`)
    const role = victim.workerId === leader ? 'which leads' : 'which does not lead'
    this.#run.say(`>> SIGKILL for ${victim.workerId}, ${role}`)
    this.#live = this.#live.filter((member) => member !== victim)
    await this.#fleet.killWorker(victim.pid)
  }

  /** The leader stops as an operator would have it, and the other kind takes over; answers who stopped. */
  async #leadershipCrosses(): Promise<WorkerKind> {
    await this.#reach(
      'a live worker leads',
      LEADER_LIMIT_MS,
      (view) => this.#leaderOf(view) !== undefined,
    )
    const leader = this.#leaderOf(await this.#watch.look())
    if (leader === undefined) throw new InconclusiveError('nobody leads')
    this.#run.say(`>> SIGTERM for ${leader.workerId}, which leads`)
    this.#live = this.#live.filter((member) => member !== leader)
    const beganMs = monotonicMs()
    await this.#fleet.stopWorker(leader.pid, JAVA_STOP_LIMIT_MS)
    this.#run.say(`${leader.workerId} is gone after ${seconds(monotonicMs() - beganMs)}`)
    const other = leader.kind === 'java' ? 'millrace' : 'java'
    await this.#reach(
      `leadership passes from ${leader.kind} to ${other}`,
      LEADER_LIMIT_MS,
      (view) => {
        return this.#leaderOf(view)?.kind === other
      },
    )
    await this.#settle('the rest share the leases')
    return leader.kind
  }

  #leaderOf(view: TableView): Member | undefined {
    return this.#live.find(({ workerId }) => workerId === view.leader)
  }

  async #drain(): Promise<void> {
    const over = async (): Promise<boolean> => {
      this.#fleet.readJournals()
      await this.#watch.look()
      return this.#fleet.putsAreOver
    }
    const { signal } = this.#run
    await waitUntil(over, { limitMs: PUT_MS, everyMs: LOOK_MS, signal })
    let deliveries = -1
    let quietSinceMs = monotonicMs()
    const quiet = async (): Promise<boolean> => {
      this.#fleet.readJournals()
      const { view } = this.#fleet
      if (view.deliveries !== deliveries || view.undelivered > 0) quietSinceMs = monotonicMs()
      deliveries = view.deliveries
      return monotonicMs() - quietSinceMs > QUIET_MS
    }
    await waitUntil(quiet, { limitMs: DRAIN_LIMIT_MS, everyMs: LOOK_MS, signal })
  }

  async #facts(): Promise<FleetFacts> {
    await Promise.all(this.#live.map(({ pid }) => this.#fleet.stopWorker(pid, JAVA_STOP_LIMIT_MS)))
    this.#fleet.readJournals()
    const { evidence, kills, troubles } = this.#fleet
    const account = accountOf({
      ...evidence,
      kills,
      splits: 0,
      merges: 0,
      parents: new Map(),
    })
    const findings = this.#javaLogs.map((path) => javaLogFindings(readFileSync(path, 'utf8')))
    return {
      account,
      steps: this.#steps,
      leaders: this.#watch.leaders,
      crossings: crossingsOf(this.#watch.leaders),
      takeoverMs: kills.map((kill) => takeoverOf(evidence.workers, kill)),
      deliveredBy: deliveredBy(evidence.workers),
      unreadable: findings.flatMap(({ unreadable }) => unreadable),
      javaComplaints: findings.reduce((sum, { complaints }) => sum + complaints, 0),
      troubles,
    }
  }
}

function deliveredBy(
  workers: Parameters<typeof accountOf>[0]['workers'],
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    workers.map(({ pid, entries }) => [
      pid,
      entries.filter(({ kind }) => kind === 'delivered').length,
    ]),
  )
}

function tellOf(view: TableView | undefined): string {
  if (view === undefined) return 'nothing seen'
  const counts = new Map<string, number>()
  for (const { owner, moving } of view.leases) {
    const name = moving ? `${owner} (moving)` : (owner ?? 'nobody')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const held = [...counts].sort().map(([name, count]) => `${name} ${count}`)
  const kind = view.leader === undefined ? '' : ` (${kindOf(view.leader)})`
  return `leader ${view.leader ?? 'none'}${kind}; leases: ${held.join(', ') || 'none'}`
}
