/** Carries out the programme: a worker joins, a split, a kill, a merge, each told in one line. */
import type { Shard } from '@millrace/core'
import type { Fleet } from './fleet.ts'
import type { WorkerSettings } from './processes.ts'
import { chooseVictim, type Step } from './programme.ts'
import { chooseMerge, chooseSplit } from './reshard-choice.ts'
import type { Screen } from './screen.ts'
import type { StreamAdmin } from './stream-admin.ts'
import type { RunStory } from './summary.ts'
import { shardList, shortShardId } from './words.ts'

export interface StepRunnerOptions {
  readonly fleet: Fleet
  readonly admin: StreamAdmin
  readonly screen: Screen
  /** Of every worker. */
  readonly worker: Pick<WorkerSettings, 'sabotage' | 'style'>
  /** Workers that join when the others are at work. */
  readonly joining: number
}

export class StepRunner {
  readonly #options: StepRunnerOptions
  readonly #missed: string[] = []
  #done = 0
  #split: string | undefined
  #merge: string | undefined
  #killed: { readonly pid: number; readonly shards: string } | undefined

  constructor(options: StepRunnerOptions) {
    this.#options = options
  }

  /** Steps taken. */
  get done(): number {
    return this.#done
  }
  get splits(): number {
    return this.#split === undefined ? 0 : 1
  }
  get merges(): number {
    return this.#merge === undefined ? 0 : 1
  }
  get story(): RunStory {
    return {
      killedPid: this.#killed?.pid,
      killedShards: this.#killed?.shards ?? '',
      split: this.#split,
      merge: this.#merge,
    }
  }
  /** Steps that the run could not take. */
  get missed(): readonly string[] {
    const missed = [...this.#missed]
    if (this.#split === undefined) missed.push('no shard was split')
    if (this.#killed === undefined) missed.push('no worker was killed')
    if (this.#merge === undefined) missed.push('no shards were merged')
    return missed
  }

  /** A step that cannot be taken yet stays due. */
  async take(step: Step): Promise<void> {
    switch (step) {
      case 'join':
        return this.#takeJoin()
      case 'split':
        return await this.#takeSplit()
      case 'kill':
        return await this.#takeKill()
      case 'merge':
        return await this.#takeMerge()
    }
  }

  /** With shards to spare on one of the others, one is handed over to the new worker. */
  #takeJoin(): void {
    const { fleet, screen, worker, joining } = this.#options
    if (!fleet.view.workers.some(({ delivered }) => delivered > 0)) return
    this.#done++
    for (let i = 0; i < joining; i++) screen.say(`>> worker ${fleet.startWorker(worker)} joins`)
  }

  async #takeSplit(): Promise<void> {
    const { admin, fleet, screen } = this.#options
    const before = await admin.shards()
    const choice = chooseSplit(before, (shardId) => fleet.view.loadOf(shardId))
    this.#done++
    if (choice === undefined) return
    await admin.split(choice)
    const children = newShards(before, await admin.shards())
    this.#split = `shard ${shortShardId(choice.shardId)} into ${shardList(children)}`
    screen.say(`>> split ${this.#split}`)
  }

  async #takeMerge(): Promise<void> {
    const { admin, fleet, screen } = this.#options
    const before = await admin.shards()
    const pair = chooseMerge(before, (shardId) => fleet.view.loadOf(shardId))
    this.#done++
    if (pair === undefined) return
    await admin.merge(pair)
    const child = newShards(before, await admin.shards())
    this.#merge = `shards ${shardList(pair)} into ${shardList(child)}`
    screen.say(`>> merged ${this.#merge}`)
  }

  async #takeKill(): Promise<void> {
    const { fleet, screen, worker } = this.#options
    const victim = chooseVictim(fleet.view.workers)
    if (victim === undefined) return
    this.#done++
    this.#killed = { pid: victim.pid, shards: shardList(victim.held) }
    await fleet.killWorker(victim.pid)
    screen.say(`>> SIGKILL for worker ${victim.pid}, which held shards ${this.#killed.shards}`)
    fleet.readJournals()
    // A fleet of one has nobody to take over.
    if (!fleet.view.workers.some(({ alive }) => alive)) {
      screen.say(`>> worker ${fleet.startWorker(worker)} starts in its place`)
    }
  }
}

function newShards(before: readonly Shard[], after: readonly Shard[]): readonly string[] {
  const known = new Set(before.map(({ shardId }) => shardId))
  return after.map(({ shardId }) => shardId).filter((shardId) => !known.has(shardId))
}
