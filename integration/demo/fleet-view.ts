/** Where the run stands, by the journals so far: what progress and the programme look at. */
import type { Shard } from '@millrace/core'
import { SHARD_END } from '@millrace/core/internal'
import { type HandedOverEntry, type JournalEntry, positionOf } from './journal-entry.ts'
import { seconds, shortShardId } from './words.ts'

export interface WorkerView {
  readonly pid: number
  readonly held: ReadonlySet<string>
  readonly delivered: number
  readonly alive: boolean
}

interface LagNote {
  readonly atMs: number
  readonly millisBehindLatest: number
}

class WorkerNotes implements WorkerView {
  readonly pid: number
  readonly held = new Set<string>()
  delivered = 0
  alive = true

  constructor(pid: number) {
    this.pid = pid
  }
}

export class FleetView {
  readonly #workers = new Map<number, WorkerNotes>()
  readonly #acked = new Set<string>()
  /** Acked and not delivered -> when it was acked, oldest first. */
  readonly #waiting = new Map<string, number>()
  readonly #delivered = new Set<string>()
  readonly #ackedOfShard = new Map<string, number>()
  readonly #lag = new Map<string, LagNote>()
  readonly #ended = new Set<string>()
  readonly #news: string[] = []
  #leaderPid: number | undefined
  #deliveries = 0
  #lastAckMs = 0

  get workers(): readonly WorkerView[] {
    return [...this.#workers.values()]
  }
  get acked(): number {
    return this.#acked.size
  }
  /** Acked records that were delivered, each once: copies that a retry left behind do not count. */
  get delivered(): number {
    return this.#acked.size - this.#waiting.size
  }
  get deliveries(): number {
    return this.#deliveries
  }
  get undelivered(): number {
    return this.#waiting.size
  }

  /** Who leads, as far as its own journal says; undefined while nobody alive does. */
  get leaderPid(): number | undefined {
    return this.#workers.get(this.#leaderPid ?? 0)?.alive === true ? this.#leaderPid : undefined
  }

  /** What has come about since the last call, in words. */
  takeNews(): readonly string[] {
    return this.#news.splice(0)
  }

  addWorker(pid: number): void {
    this.#workers.set(pid, new WorkerNotes(pid))
  }

  /** It is gone; what it held is held by nobody until somebody takes it. */
  workerEnded(pid: number): void {
    const worker = this.#workers.get(pid)
    if (worker === undefined) return
    worker.alive = false
    worker.held.clear()
  }

  takeAcked(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      if (entry.kind !== 'acked') continue
      const position = positionOf(entry)
      if (!this.#delivered.has(position)) this.#waiting.set(position, entry.atMs)
      this.#acked.add(position)
      this.#ackedOfShard.set(entry.shardId, this.loadOf(entry.shardId) + 1)
      this.#lastAckMs = Math.max(this.#lastAckMs, entry.atMs)
    }
  }

  takeWorker(pid: number, entries: readonly JournalEntry[]): void {
    const worker = this.#workers.get(pid)
    if (worker === undefined) return
    for (const entry of entries) this.#take(worker, entry)
  }

  loadOf(shardId: string): number {
    return this.#ackedOfShard.get(shardId) ?? 0
  }

  isHeld(shardId: string): boolean {
    return this.workers.some(({ held }) => held.has(shardId))
  }

  /** How long the oldest record that is acked and not delivered has waited, milliseconds. */
  lagMs(nowMs: number): number {
    const [oldest] = this.#waiting.values()
    return oldest === undefined ? 0 : Math.max(0, nowMs - oldest)
  }

  /**
   * Nothing can come any more: closed shards have stored their end, and every open one is held by
   * a worker that has read its tip since the last ack.
   */
  isDrained(shards: readonly Shard[]): boolean {
    return shards.every(({ shardId, endingSequenceNumber }) => {
      if (endingSequenceNumber !== undefined) return this.#ended.has(shardId)
      const lag = this.#lag.get(shardId)
      if (lag === undefined || !this.isHeld(shardId)) return false
      return lag.millisBehindLatest === 0 && lag.atMs > this.#lastAckMs
    })
  }

  #take(worker: WorkerNotes, entry: JournalEntry): void {
    switch (entry.kind) {
      case 'held':
        if (worker.alive) worker.held.add(entry.shardId)
        break
      case 'lost':
        worker.held.delete(entry.shardId)
        break
      case 'lag':
        this.#lag.set(entry.shardId, entry)
        break
      case 'checkpointed':
        if (entry.sequenceNumber !== SHARD_END) break
        this.#ended.add(entry.shardId)
        worker.held.delete(entry.shardId)
        break
      case 'delivered':
        this.#noteDelivery(worker, positionOf(entry))
        break
      case 'handed-over':
        this.#news.push(handedOver(worker.pid, entry))
        break
      case 'leads':
        this.#leaderPid = worker.pid
        this.#news.push(`   worker ${worker.pid} leads`)
        break
      case 'waits':
        this.#news.push(`   shard ${shortShardId(entry.shardId)}: ${entry.why}`)
        break
      case 'acked':
        break
    }
  }

  #noteDelivery(worker: WorkerNotes, position: string): void {
    worker.delivered++
    this.#deliveries++
    this.#delivered.add(position)
    this.#waiting.delete(position)
  }
}

function handedOver(pid: number, { shardId, to, reason, tookMs }: HandedOverEntry): string {
  const shard = `   worker ${pid} hands shard ${shortShardId(shardId)} over`
  const taker = to === null ? 'nobody yet' : `worker ${to.split('-').at(-1)}`
  const how = reason === 'completed' ? '' : `, ${reason}`
  return `${shard} to ${taker} (${seconds(tookMs)}${how})`
}
