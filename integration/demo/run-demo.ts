/** One run from the first process to the verdict. */
import { machineMonotonicMs, monotonicMs, sleep } from '@millrace/core/internal'
import { type Account, accountOf } from './account.ts'
import type { DemoOptions } from './arguments.ts'
import { Fleet } from './fleet.ts'
import type { Pacing } from './pacing.ts'
import { dueStep, type Step } from './programme.ts'
import { Rate } from './rate.ts'
import type { Screen } from './screen.ts'
import { StepRunner } from './step-runner.ts'
import { StreamAdmin } from './stream-admin.ts'
import { WAYS } from './styles.ts'
import type { RunStory } from './summary.ts'

export interface DemoRun {
  readonly options: DemoOptions
  readonly pacing: Pacing
  /** How many will be put. */
  readonly records: number
  /** For journals; emptied by the caller. */
  readonly folder: string
  readonly screen: Screen
  /** Fires when the user has had enough. */
  readonly signal: AbortSignal
}

export interface DemoOutcome {
  readonly account: Account
  readonly story: RunStory
  /** What keeps the run from showing what it was to show; empty when it was all shown. */
  readonly troubles: readonly string[]
}

const LOOK_MS = 200
/** For steps that could not be taken while records were put. */
const LATE_STEPS_LIMIT_MS = 10_000
/** From the last ack on; then what is missing is missing. */
const DRAIN_LIMIT_MS = 60_000
/** Read to the end, and no delivery for so long: nothing will come any more. */
const QUIET_MS = 2500

/** @throws ProcessLostError, AbortedError */
export async function runDemo(run: DemoRun): Promise<DemoOutcome> {
  const fleet = new Fleet(run.folder)
  let admin: StreamAdmin | undefined
  try {
    const { kinesisUrl } = await fleet.startServer({ shards: run.pacing.shards })
    admin = new StreamAdmin(kinesisUrl)
    return await new RunningDemo(run, fleet, admin).finish()
  } finally {
    await fleet.destroy()
    admin?.close()
  }
}

class RunningDemo {
  readonly #run: DemoRun
  readonly #fleet: Fleet
  readonly #admin: StreamAdmin
  readonly #steps: StepRunner
  readonly #beganMs = monotonicMs()
  readonly #puts = new Rate()
  readonly #deliveries = new Rate()

  constructor(run: DemoRun, fleet: Fleet, admin: StreamAdmin) {
    this.#run = run
    this.#fleet = fleet
    this.#admin = admin
    const { sabotage, style } = run.options
    const joining = run.options.workers > 1 ? 1 : 0
    this.#steps = new StepRunner({
      fleet,
      admin,
      screen: run.screen,
      worker: { sabotage, style },
      joining,
    })
  }

  async finish(): Promise<DemoOutcome> {
    const { options, pacing, screen } = this.#run
    const { input, records, sabotage, style } = options
    const first = options.workers > 1 ? options.workers - 1 : options.workers
    for (let i = 0; i < first; i++) this.#fleet.startWorker({ sabotage, style })
    this.#fleet.startProducer({ input, records, putMs: pacing.putMs })
    screen.say(
      `${first} ${first === 1 ? 'worker starts' : 'workers start'} on a new application; ${pacing.shards} shards are shared through a lease table; records are handled by ${WAYS[style]}`,
    )
    await this.#whileFlowing()
    await this.#untilDrained()
    screen.say('everything is read; the workers are told to stop')
    await this.#fleet.stopWorkers()
    this.#fleet.readJournals()
    return await this.#judge()
  }

  /** Until every put has settled; the programme runs among them, on a slow machine shortly after. */
  async #whileFlowing(): Promise<void> {
    let limitMs = Number.POSITIVE_INFINITY
    for (;;) {
      await this.#look()
      const step = this.#dueStep()
      if (step !== undefined) await this.#steps.take(step)
      if (!this.#fleet.putsAreOver) continue
      limitMs = Math.min(limitMs, monotonicMs() + LATE_STEPS_LIMIT_MS)
      if (this.#dueStep() === undefined || monotonicMs() > limitMs) return
    }
  }

  #dueStep(): Step | undefined {
    return dueStep(this.#steps.done, this.#fleet.view.acked, this.#run.records)
  }

  async #untilDrained(): Promise<void> {
    const limitMs = monotonicMs() + DRAIN_LIMIT_MS
    let quietSinceMs = monotonicMs()
    let deliveries = -1
    const shards = await this.#admin.shards()
    while (monotonicMs() < limitMs && this.#fleet.view.workers.some(({ alive }) => alive)) {
      await this.#look()
      const { view } = this.#fleet
      if (view.deliveries !== deliveries || !view.isDrained(shards)) quietSinceMs = monotonicMs()
      deliveries = view.deliveries
      const quietMs = monotonicMs() - quietSinceMs
      // With every record delivered, only one too many could still come.
      if (quietMs > (view.undelivered === 0 ? 0 : QUIET_MS)) return
    }
  }

  async #look(): Promise<void> {
    await sleep(LOOK_MS, this.#run.signal)
    this.#fleet.readJournals()
    const { screen, records } = this.#run
    const { view } = this.#fleet
    for (const line of view.takeNews()) screen.say(line)
    if (!screen.isDue) return
    const nowMs = monotonicMs()
    screen.progress({
      elapsedMs: nowMs - this.#beganMs,
      records,
      acked: view.acked,
      delivered: view.delivered,
      putsPerSecond: this.#puts.perSecond(nowMs, view.acked),
      deliveriesPerSecond: this.#deliveries.perSecond(nowMs, view.deliveries),
      lagMs: view.lagMs(machineMonotonicMs()),
      workers: view.workers,
      leaderPid: view.leaderPid,
    })
  }

  async #judge(): Promise<DemoOutcome> {
    const parents = new Map(
      (await this.#admin.shards()).map(({ shardId, parentShardIds }) => [shardId, parentShardIds]),
    )
    const { splits, merges, story, missed } = this.#steps
    const { evidence, kills, troubles, failedPuts } = this.#fleet
    const account = accountOf({ ...evidence, kills, splits, merges, parents })
    const failed = failedPuts ?? this.#run.records - account.acked
    const lost = failed === 0 ? [] : [`${failed} records could not be put`]
    return { account, story, troubles: [...troubles, ...lost, ...missed] }
  }
}
