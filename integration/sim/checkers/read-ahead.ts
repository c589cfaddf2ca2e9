/**
 * What one worker has read and not begun to hand to its handler: S16. Watched from outside, on its
 * calls: at each read what is held must leave room for one more page.
 */
import {
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
  type KinesisPort,
} from '@millrace/core'
import type { Report } from './report.ts'

export interface ReadAheadOptions {
  /** Handed on and not begun, at most: what a stream holds ready. */
  readonly readyPages: number
  readonly maxPendingBatches: number
  readonly maxPendingBytes: number
  /** Of all shards of the worker. */
  readonly maxTotalPendingBytes: number
  /** What is stored of a shard counts as done, whoever did it. */
  readonly storedOf: (shardId: string) => ExtendedSequenceNumber | undefined
  readonly report: Report
}

interface HeldPage {
  readonly first: string
  readonly bytes: number
}

interface ShardReads {
  pages: HeldPage[]
}

export class ReadAhead {
  readonly #options: ReadAheadOptions
  readonly #shards = new Map<string, ShardReads>()
  readonly #readerOf = new Map<string, { readonly shardId: string; readonly reads: ShardReads }>()

  constructor(options: ReadAheadOptions) {
    this.#options = options
  }

  /** A tenure begins: what an earlier one had read is gone. */
  began(shardId: string): void {
    this.#shards.set(shardId, { pages: [] })
  }

  /** A tenure is over, one way or another. */
  ended(shardId: string): void {
    this.#shards.delete(shardId)
  }

  /** A handler call with this record begins: what lies before it has been handed over. */
  delivered(shardId: string, sequenceNumber: string): void {
    const reads = this.#shards.get(shardId)
    if (reads !== undefined) reads.pages = pagesBehind(reads.pages, sequenceNumber)
  }

  /** The port, seen through. */
  watched(kinesis: KinesisPort): KinesisPort {
    return {
      putRecords: (input, options) => kinesis.putRecords(input, options),
      listShards: (input, options) => kinesis.listShards(input, options),
      describeStreamSummary: (input, options) => kinesis.describeStreamSummary(input, options),
      getShardIterator: async (input, options) => {
        const reads = this.#shards.get(input.ShardId)
        const output = await kinesis.getShardIterator(input, options)
        if (reads !== undefined) {
          this.#readerOf.set(output.ShardIterator, { shardId: input.ShardId, reads })
        }
        return output
      },
      getRecords: async (input, options) => {
        const reader = this.#readerOf.get(input.ShardIterator)
        if (reader !== undefined) this.#judge(reader.shardId, reader.reads)
        const output = await kinesis.getRecords(input, options)
        if (reader === undefined) return output
        const { Records: records, NextShardIterator: next } = output
        const bytes = records.reduce((sum, { Data }) => sum + Data.length, 0)
        const [first] = records
        // One for which there was no room is read again, and held once.
        const isAgain = first?.SequenceNumber === reader.reads.pages.at(-1)?.first
        if (first !== undefined && !isAgain) {
          reader.reads.pages.push({ first: first.SequenceNumber, bytes })
        }
        if (next) this.#readerOf.set(next, reader)
        return output
      },
    }
  }

  #judge(shardId: string, reads: ShardReads): void {
    const { report, readyPages, maxPendingBatches, maxPendingBytes } = this.#options
    this.#forgetStored(shardId, reads)
    this.#judgeTotal(shardId)
    // The first may have left the queue, on its way to the handler.
    const queued = reads.pages.slice(1 + readyPages)
    const bytes = queued.reduce((sum, page) => sum + page.bytes, 0)
    const isFull = queued.length >= maxPendingBatches || bytes >= maxPendingBytes
    if (queued.length === 0 || !isFull) return
    report('S16', `${shardId}: read on with ${queued.length} pages of ${bytes} bytes held`)
  }

  /** The newest page of a shard may be one for which there was no room: that one is not counted. */
  #judgeTotal(shardId: string): void {
    const { report, maxTotalPendingBytes } = this.#options
    let total = 0
    for (const [of, reads] of this.#shards) {
      this.#forgetStored(of, reads)
      for (const { bytes } of reads.pages.slice(0, -1)) total += bytes
    }
    if (total <= maxTotalPendingBytes) return
    report('S16', `${shardId}: read on with ${total} bytes held of all shards`)
  }

  #forgetStored(shardId: string, reads: ShardReads): void {
    const stored = this.#options.storedOf(shardId)?.sequenceNumber
    if (stored !== undefined) reads.pages = pagesBehind(reads.pages, stored)
  }
}

function pagesBehind(pages: readonly HeldPage[], sequenceNumber: string): HeldPage[] {
  return pages.filter(({ first }) => compareSequenceNumbers(first, sequenceNumber) > 0)
}
