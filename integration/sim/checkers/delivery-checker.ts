/** Watches every handler call: S2, S5, S8 and S10. */
import type { ConsumerRecord } from '@millrace/consumer'
import type { SimulatedKinesis } from '@millrace/testing'
import type { Ledger } from './ledger.ts'
import type { Report, TableChecker } from './table-checker.ts'

const decoder = new TextDecoder()

/** One tenure of a shard as its handler sees it. */
export interface HandlerTenure {
  readonly shardId: string
  readonly epoch: number
  /** Names the worker process, not the id in the table. */
  readonly workerId: string
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
  /** Index of the last record of which a handler call has begun and not failed, by tenure. */
  readonly #last = new Map<string, number>()
  readonly #options: DeliveryCheckerOptions

  constructor(options: DeliveryCheckerOptions) {
    this.#options = options
  }

  /** The handler threw: a retry policy may call it again from this record on. */
  failed(tenure: HandlerTenure, first: ConsumerRecord<Uint8Array>): void {
    const index = this.#options.ledger.indexOf(tenure.shardId, first)
    this.#last.set(tenureKey(tenure), index - 1)
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
    this.#sameAsPut(stored.id, stored.arrivalMs, record)
    this.#believed(tenure)
    this.#parentsEnded(shardId)
    this.#inOrder(tenure, index)
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

  /** From outside, belief shows as a write of this holder that is younger than F. */
  #believed({ shardId, workerId, epoch }: HandlerTenure): void {
    const { table, failoverTimeMs, nowMs, report } = this.#options
    const row = table.lastHeld(shardId, workerId)
    const ageMs = row === undefined ? Number.POSITIVE_INFINITY : nowMs() - row
    if (ageMs > failoverTimeMs) {
      report(
        'S8',
        `${shardId}: ${workerId} called its handler in epoch ${epoch} ${ageMs.toFixed(0)} ms after its last write`,
      )
    }
  }

  #parentsEnded(shardId: string): void {
    const { table, report, kinesis, streamName } = this.#options
    const shard = kinesis()
      .shards(streamName)
      .find(({ ShardId }) => ShardId === shardId)
    for (const parent of [shard?.ParentShardId, shard?.AdjacentParentShardId]) {
      if (parent === undefined) continue
      if (table.hasEnded(parent) || table.isLost(parent)) continue
      const at = table.rows.get(parent)?.checkpoint.sequenceNumber ?? 'nothing'
      report('S5', `${shardId} was delivered while its parent ${parent} stood at ${at}`)
    }
  }

  #inOrder(tenure: HandlerTenure, index: number): void {
    const { ledger, table, report } = this.#options
    const { shardId, epoch } = tenure
    const key = tenureKey(tenure)
    const last = this.#last.get(key)
    this.#last.set(key, index)
    if (last === undefined) {
      const checkpoint = table.checkpointAt(shardId, epoch)
      const from = checkpoint === undefined ? 0 : ledger.covered(shardId, checkpoint)
      if (index > from)
        report(
          'S10',
          `${shardId}: epoch ${epoch} began at record ${index}, the checkpoint covers ${from}`,
        )
      if (index < from)
        report(
          'S10',
          `${shardId}: epoch ${epoch} began at record ${index}, before the checkpoint (${from})`,
        )
    } else if (index !== last + 1) {
      report('S10', `${shardId}: epoch ${epoch} went from record ${last} to ${index}`)
    }
  }
}

function tenureKey({ shardId, workerId, epoch }: HandlerTenure): string {
  return `${shardId} ${workerId} ${epoch}`
}
