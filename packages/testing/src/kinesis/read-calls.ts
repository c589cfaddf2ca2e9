/** GetShardIterator and GetRecords. A page costs by its records, whatever the shard holds. */
import { type kinesis, ServiceError } from '@millrace/core'
import type { CallScope, Fault } from './faults.ts'
import { checkPageLimit, type ReadPage, readPage } from './read-page.ts'
import { invalidArgument, notFound, rateMessage, throttled } from './refusals.ts'
import { type IteratorState, openIterator, sealIterator, startOrdinal } from './shard-iterator.ts'
import type { ShardStore } from './shard-store.ts'
import type { SimulatedAccount } from './simulated-account.ts'
import type { SimulatedStream } from './stream.ts'

export class ReadCalls {
  readonly #account: SimulatedAccount
  #lastIssue = 0

  constructor(account: SimulatedAccount) {
    this.#account = account
  }

  /** Number of the last iterator issued. */
  get lastIssue(): number {
    return this.#lastIssue
  }

  /** @throws ServiceError */
  getShardIterator(input: kinesis.GetShardIteratorInput): kinesis.GetShardIteratorOutput {
    const operation = 'GetShardIterator'
    const { options, streams } = this.#account
    const nowMs = options.nowMs()
    const stream = streams.getReady(operation, input)
    const shard = this.#shard(operation, stream, input.ShardId, nowMs)
    if (options.limits && !shard.reads.admitIterator(nowMs)) {
      throw throttled(operation, rateMessage(shard.shardId, stream.birth.name, options.accountId))
    }
    const ordinal = startOrdinal(input, {
      label: streams.label(stream.birth.name),
      shard,
      sequences: stream.sequences,
      nowMs,
    })
    return { ShardIterator: this.#issue(stream, shard, ordinal, nowMs), serviceTimeMs: nowMs }
  }

  /** @throws ServiceError */
  getRecords(input: kinesis.GetRecordsInput, fault: Fault | undefined): kinesis.GetRecordsOutput {
    const operation = 'GetRecords'
    const { options, sealer } = this.#account
    const nowMs = options.nowMs()
    const limit = checkPageLimit(input.Limit)
    const iterator = openIterator(sealer, input.ShardIterator)
    const stream = this.#streamOf(operation, input, iterator)
    this.#refuseExpired(operation, iterator, nowMs)
    const shard = this.#shard(operation, stream, iterator.shardId, nowMs)
    if (options.limits && !shard.reads.admitRead(nowMs)) {
      throw throttled(operation, rateMessage(shard.shardId, stream.birth.name, options.accountId))
    }
    const page = readPage(shard, iterator.ordinal, fault?.kind === 'empty-page' ? 0 : limit, nowMs)
    if (options.limits) shard.reads.chargeRead(page.sizeBytes, page.isFull, nowMs)
    return this.#output(stream, shard, page, fault, nowMs)
  }

  /** What a read touches, for faults. */
  readScope(input: kinesis.GetRecordsInput): CallScope {
    try {
      const { streamName, shardId } = openIterator(this.#account.sealer, input.ShardIterator)
      return { streamName, shardIds: new Set([shardId]) }
    } catch {
      // The call itself will be refused with the same reason, to the caller.
      return { streamName: undefined, shardIds: new Set() }
    }
  }

  #output(
    stream: SimulatedStream,
    shard: ShardStore,
    page: ReadPage,
    fault: Fault | undefined,
    nowMs: number,
  ): kinesis.GetRecordsOutput {
    const { records: Records, millisBehindLatest: MillisBehindLatest } = page
    if (page.childShards !== undefined) {
      return { Records, MillisBehindLatest, ChildShards: page.childShards }
    }
    if (fault?.kind === 'null-iterator') return { Records, MillisBehindLatest }
    return {
      Records,
      MillisBehindLatest,
      NextShardIterator: this.#issue(stream, shard, page.nextOrdinal, nowMs),
    }
  }

  #issue(stream: SimulatedStream, shard: ShardStore, ordinal: number, nowMs: number): string {
    this.#lastIssue++
    return sealIterator(this.#account.sealer, {
      streamName: stream.birth.name,
      birth: stream.birth.birth,
      shardId: shard.shardId,
      ordinal,
      issuedMs: nowMs,
      issue: this.#lastIssue,
    })
  }

  #streamOf(
    operation: string,
    input: kinesis.GetRecordsInput,
    iterator: IteratorState,
  ): SimulatedStream {
    const stream = this.#account.streams.getReady(operation, { StreamName: iterator.streamName })
    if (stream.birth.birth !== iterator.birth) {
      throw notFound(
        operation,
        `The ${this.#account.streams.label(iterator.streamName)} that the iterator is of was deleted.`,
      )
    }
    if (input.StreamARN !== undefined && input.StreamARN !== stream.birth.arn) {
      throw invalidArgument(operation, `ShardIterator is not of ${input.StreamARN}.`)
    }
    return stream
  }

  #refuseExpired(operation: string, iterator: IteratorState, nowMs: number): void {
    const { options, faults } = this.#account
    const { streamName, shardId, issue, issuedMs } = iterator
    const ageMs = nowMs - issuedMs
    if (ageMs <= options.iteratorLifetimeMs && !faults.hasExpired(streamName, shardId, issue)) {
      return
    }
    throw new ServiceError(
      operation,
      'ExpiredIteratorException',
      `Iterator expired. It was issued ${ageMs} ms ago, and iterators live ${options.iteratorLifetimeMs} ms.`,
    )
  }

  #shard(operation: string, stream: SimulatedStream, shardId: string, nowMs: number): ShardStore {
    const shard = stream.shard(shardId, nowMs)
    if (shard !== undefined) return shard
    const label = this.#account.streams.label(stream.birth.name)
    throw notFound(operation, `Shard ${shardId} in ${label} does not exist.`)
  }
}
