/** All processes of a run and their journals. */
import { join } from 'node:path'
import { machineMonotonicMs } from '@millrace/core/internal'
import { DemoChild } from './child-process.ts'
import type { Kill, WorkerJournal } from './evidence.ts'
import { FleetView } from './fleet-view.ts'
import type { AckedEntry, JournalEntry } from './journal-entry.ts'
import { JournalReader } from './journal-file.ts'
import type {
  Listening,
  ProducerSettings,
  PutsSettled,
  ServerSettings,
  WorkerSettings,
} from './processes.ts'

/** A process ended, or never began, that the run cannot do without. */
export class ProcessLostError extends Error {}

interface Worker {
  readonly child: DemoChild
  readonly journal: JournalReader
  readonly entries: JournalEntry[]
  readonly startedMs: number
  killed: boolean
}

const START_LIMIT_MS = 30_000
const STOP_LIMIT_MS = 20_000

export class Fleet {
  readonly view: FleetView = new FleetView()
  readonly kills: Kill[] = []
  readonly #folder: string
  readonly #acked: AckedEntry[] = []
  readonly #producerJournal: JournalReader
  readonly #workers: Worker[] = []
  #server: DemoChild | undefined
  #producer: DemoChild | undefined
  #listening: Listening | undefined

  /** @param folder where the journals go */
  constructor(folder: string) {
    this.#folder = folder
    this.#producerJournal = new JournalReader(this.#producerPath)
  }

  get evidence(): {
    readonly acked: readonly AckedEntry[]
    readonly workers: readonly WorkerJournal[]
  } {
    const workers = this.#workers.map(({ child, startedMs, entries }) => ({
      ...{ pid: child.pid, startedMs, entries },
    }))
    return { acked: this.#acked, workers }
  }

  /** Of puts that failed for good; undefined until all have settled. */
  get failedPuts(): number | undefined {
    return (this.#producer?.message as PutsSettled | undefined)?.failed
  }

  /** True once every put has settled, or the producer is gone. */
  get putsAreOver(): boolean {
    return this.#producer?.message !== undefined || this.#producer?.ended !== undefined
  }

  /** What went wrong with the processes so far, the kill that was ordered aside. */
  get troubles(): readonly string[] {
    const troubles: string[] = []
    for (const { child, killed } of this.#workers) {
      if (child.ended !== undefined && child.ended !== 'exit code 0' && !killed) {
        troubles.push(troubleOf(child))
      }
    }
    if (this.#producer?.ended !== undefined && this.#producer.ended !== 'exit code 0') {
      troubles.push(troubleOf(this.#producer))
    }
    return troubles
  }

  /** @throws ProcessLostError */
  async startServer(settings: ServerSettings): Promise<Listening> {
    this.#server = DemoChild.ofSource('server', settings)
    const listening = (await this.#server.told(START_LIMIT_MS)) as Listening | undefined
    if (listening === undefined) throw new ProcessLostError(troubleOf(this.#server))
    this.#listening = listening
    return listening
  }

  startWorker(settings: Pick<WorkerSettings, 'sabotage' | 'style'>): number {
    return this.addWorker((journal) =>
      DemoChild.ofSource('worker', {
        ...this.#listening,
        ...settings,
        journal,
        folder: this.#folder,
      }),
    )
  }

  /** @param start a worker that writes its journal at that path; answers its process id */
  addWorker(start: (journal: string) => DemoChild): number {
    const journal = join(this.#folder, `worker-${this.#workers.length}.ndjson`)
    const startedMs = machineMonotonicMs()
    const child = start(journal)
    const reader = new JournalReader(journal)
    this.#workers.push({ child, journal: reader, entries: [], startedMs, killed: false })
    this.view.addWorker(child.pid)
    return child.pid
  }

  startProducer(settings: Omit<ProducerSettings, 'kinesisUrl' | 'journal'>): void {
    const kinesisUrl = this.#listening?.kinesisUrl
    this.#producer = DemoChild.ofSource('producer', {
      ...settings,
      kinesisUrl,
      journal: this.#producerPath,
    })
  }

  /** Takes in what was written since the last call. @throws ProcessLostError */
  readJournals(): void {
    const acked = this.#producerJournal.read()
    for (const entry of acked) if (entry.kind === 'acked') this.#acked.push(entry)
    this.view.takeAcked(acked)
    for (const worker of this.#workers) {
      const entries = worker.journal.read()
      for (const entry of entries) worker.entries.push(entry)
      this.view.takeWorker(worker.child.pid, entries)
      if (worker.child.ended !== undefined) this.view.workerEnded(worker.child.pid)
    }
    if (this.#server?.ended !== undefined) throw new ProcessLostError(troubleOf(this.#server))
  }

  async killWorker(pid: number): Promise<void> {
    const worker = this.#workers.find(({ child }) => child.pid === pid)
    if (worker === undefined) return
    worker.killed = true
    this.kills.push({ pid, atMs: machineMonotonicMs() })
    await worker.child.kill()
  }

  /** As an operator would: each worker ends its work and hands its shards over. */
  async stopWorkers(): Promise<void> {
    await Promise.all(this.#workers.map(({ child }) => child.stop(STOP_LIMIT_MS)))
  }

  async stopWorker(pid: number, limitMs: number): Promise<void> {
    await this.#workers.find(({ child }) => child.pid === pid)?.child.stop(limitMs)
  }

  /** Whatever still runs is killed; nothing is left behind. */
  async destroy(): Promise<void> {
    const children = this.#workers.map(({ child }) => child)
    if (this.#producer !== undefined) children.push(this.#producer)
    if (this.#server !== undefined) children.push(this.#server)
    await Promise.all(children.map((child) => child.kill()))
    for (const { journal } of this.#workers) journal.close()
    this.#producerJournal.close()
  }

  get #producerPath(): string {
    return join(this.#folder, 'producer.ndjson')
  }
}

function troubleOf(child: DemoChild): string {
  const how = child.ended === undefined ? 'did not start' : `ended with ${child.ended}`
  return `the ${child.name} process ${child.pid} ${how}\n${child.output}`.trimEnd()
}
