/** Watches every handler call: S2, S5, S8 and S10. */
import type { ConsumerRecord } from '@millrace/consumer'
import { nextTurn } from '@millrace/core/internal'
import type { SimulatedKinesis } from '@millrace/testing'
import { KnownShards } from './known-shards.ts'
import type { Ledger } from './ledger.ts'
import type { Report } from './report.ts'
import { LONGEST_BELIEF, type TableChecker } from './table-checker.ts'

const decoder = new TextDecoder()

/** One tenure of a shard as its handler sees it. */
export interface HandlerTenure {
  readonly shardId: string
  readonly epoch: number
  /** Names the worker process, not the id in the table. */
  readonly workerId: string
  /** Records of different keys may overtake each other; those of one key may not. */
  readonly isInOrderByKey?: boolean
}

interface RunningCall extends HandlerTenure {
  readonly key: string
  readonly signal: AbortSignal
}

export interface DeliveryCheckerOptions {
  readonly ledger: Ledger
  readonly table: TableChecker
  readonly kinesis: () => SimulatedKinesis
  readonly streamName: string
  readonly failoverTimeMs: number
  readonly nowMs: () => number
  readonly report: Report
}

export class DeliveryChecker {
  /** Index of the last record of which a handler call has begun and not failed, by tenure, or key of it. */
  readonly #last = new Map<string, number>()
  readonly #calledMs = new Map<string, number>()
  readonly #ended = new Set<string>()
  readonly #running = new Set<RunningCall>()
  readonly #options: DeliveryCheckerOptions
  readonly #known: KnownShards

  constructor(options: DeliveryCheckerOptions) {
    this.#options = options
    this.#known = new KnownShards(() => options.kinesis().shards(options.streamName))
  }

  /** When a handler was last called for a shard; never: minus infinity. */
  lastCallMs(shardId: string): number {
    return this.#calledMs.get(shardId) ?? Number.NEGATIVE_INFINITY
  }

  /** The handler threw: a retry policy may call it again from this record on. */
  failed(tenure: HandlerTenure, first: ConsumerRecord<Uint8Array>): void {
    const index = this.#options.ledger.indexOf(tenure.shardId, first)
    this.#last.set(this.#orderKey(tenure, first), index - 1)
  }

  /** Called at the very start of a handler call, once for each record of it. */
  delivered(tenure: HandlerTenure, record: ConsumerRecord<Uint8Array>): void {
    const { ledger, report } = this.#options
    const { shardId } = tenure
    const index = ledger.indexOf(shardId, record)
    const stored = ledger.shard(shardId).records[index]
    if (stored === undefined) {
      report(
        'S2',
        `${shardId}: delivered ${record.sequenceNumber}/${record.subSequenceNumber}, which was never stored`,
      )
      return
    }
    stored.delivered++
    this.#calledMs.set(shardId, this.#options.nowMs())
    this.#sameAsPut(stored.id, stored.arrivalMs, record)
    this.#believed(tenure)
    this.#parentsEnded(shardId)
    this.#inOrder(tenure, index, record)
  }

  #sameAsPut(id: number, arrivalMs: number, record: ConsumerRecord<Uint8Array>): void {
    const put = this.#options.ledger.puts[id]
    const same =
      put !== undefined &&
      decoder.decode(record.data) === put.data &&
      record.partitionKey === put.partitionKey &&
      record.approximateArrivalTimestamp.getTime() === arrivalMs &&
      (record.aggregated === false || record.explicitHashKey === put.explicitHashKey)
    if (!same) this.#options.report('S2', `record ${id} was delivered changed`)
  }

  /** The worker says that the tenure is over: no call may follow, and running ones are told. */
  async ended(tenure: HandlerTenure): Promise<void> {
    const key = tenureKey(tenure)
    this.#ended.add(key)
    await new Promise<void>((resolve) => void nextTurn(resolve))
    for (const running of this.#running) {
      if (running.key === key && !running.signal.aborted) {
        this.#options.report('S8', `${key}: a running call was not told that its tenure has ended`)
      }
    }
  }

  /** Its calls run no more, without having settled. */
  died(workerId: string): void {
    for (const running of this.#running)
      if (running.workerId === workerId) this.#running.delete(running)
  }

  /** The worker has given the shard away by itself: none of its calls may still pass for the holder's (S7). */
  handedOver(shardId: string, workerId: string): void {
    for (const { key, signal, ...call } of this.#running) {
      if (call.shardId !== shardId || call.workerId !== workerId || signal.aborted) continue
      this.#options.report('S7', `${key}: handed over with a call running that was not told`)
    }
  }

  /** A handler call begins; call the result when it has settled. */
  began(tenure: HandlerTenure, signal: AbortSignal): () => void {
    const running = { ...tenure, key: tenureKey(tenure), signal }
    this.#running.add(running)
    return () => this.#running.delete(running)
  }

  /** From outside, belief shows as a write of this holder that was sent less than F ago. */
  #believed(tenure: HandlerTenure): void {
    const { shardId, workerId, epoch } = tenure
    const { table, failoverTimeMs, nowMs, report } = this.#options
    // For every record: nothing is put into words before it is amiss.
    const call = (): string => `${shardId}: ${workerId} called its handler in epoch ${epoch}`
    if (this.#ended.has(tenureKey(tenure))) report('S8', `${call()} although that tenure had ended`)
    const held = table.lastHeld(shardId, workerId)
    const ageMs = held === undefined ? Number.POSITIVE_INFINITY : nowMs() - held.sentMs
    if (ageMs > failoverTimeMs * LONGEST_BELIEF) {
      report('S8', `${call()} ${ageMs.toFixed(0)} ms after it had sent its last write`)
    }
    const from = table.ownedFrom(shardId)
    if (table.rows.get(shardId)?.owner === workerId && epoch <= from && (held?.counter ?? 0) > from)
      report('S9', `${call()}, but it has lost the lease since, and began anew at ${from}`)
  }

  #parentsEnded(shardId: string): void {
    const { table, report } = this.#options
    const shard = this.#known.get(shardId)
    for (const parent of [shard?.ParentShardId, shard?.AdjacentParentShardId]) {
      if (parent === undefined) continue
      if (table.hasEnded(parent) || table.isLost(parent)) continue
      const at = table.rows.get(parent)?.checkpoint.sequenceNumber ?? 'nothing'
      report('S5', `${shardId} was delivered while its parent ${parent} stood at ${at}`)
    }
  }

  /** What is in order: all records of a tenure, or those of one key. */
  #orderKey(tenure: HandlerTenure, { partitionKey }: ConsumerRecord): string {
    const key = tenureKey(tenure)
    return tenure.isInOrderByKey === true ? `${key} ${partitionKey}` : key
  }

  /** True when no record that is still there and was to come first lies between the two places. */
  #mayPass(
    { shardId, isInOrderByKey = false }: HandlerTenure,
    from: number,
    to: number,
    { partitionKey }: ConsumerRecord,
  ): boolean {
    const { ledger } = this.#options
    if (!isInOrderByKey) return ledger.isTrimmedAway(shardId, from, to)
    const { records } = ledger.shard(shardId)
    for (let i = from; i < to; i++) {
      const stored = records[i]
      if (stored === undefined || stored.isTrimmed) continue
      if (ledger.puts[stored.id]?.partitionKey === partitionKey) return false
    }
    return true
  }

  #inOrder(tenure: HandlerTenure, index: number, record: ConsumerRecord): void {
    const { ledger, table, report } = this.#options
    const { shardId, epoch } = tenure
    const key = this.#orderKey(tenure, record)
    const last = this.#last.get(key)
    this.#last.set(key, index)
    if (last === undefined) {
      const checkpoint = table.checkpointAt(shardId, epoch)
      const from = checkpoint === undefined ? 0 : ledger.covered(shardId, checkpoint)
      if (index > from && !this.#mayPass(tenure, from, index, record))
        report(
          'S10',
          `${shardId}: epoch ${epoch} began at record ${index}, the checkpoint covers ${from}`,
        )
      if (index < from)
        report(
          'S10',
          `${shardId}: epoch ${epoch} began at record ${index}, before the checkpoint (${from})`,
        )
    } else if (index <= last || !this.#mayPass(tenure, last + 1, index, record)) {
      report('S10', `${shardId}: epoch ${epoch} went from record ${last} to ${index}`)
    }
  }
}

function tenureKey({ shardId, workerId, epoch }: HandlerTenure): string {
  return `${shardId} ${workerId} ${epoch}`
}
