/** Shard iterators: what one holds, and where a new one starts. Pure. */
import type { kinesis } from '@millrace/core'
import { isSequenceNumber } from '@millrace/core/internal'
import { invalidArgument, invalidField } from './refusals.ts'
import type { Sealer } from './sealed-text.ts'
import type { SequenceAllocator } from './sequence-allocator.ts'
import type { ShardStore } from './shard-store.ts'

export interface IteratorState {
  readonly streamName: string
  /** Birth of the stream: one created again under the same name is another stream. */
  readonly birth: number
  readonly shardId: string
  /** Of the next record to read. */
  readonly ordinal: number
  readonly issuedMs: number
  /** Counts the iterators of the simulator: no two texts are equal. */
  readonly issue: number
}

const KIND = 'iterator'
/** The longest iterator text that the service takes. */
const MAX_CHARACTERS = 512

export function sealIterator(sealer: Sealer, state: IteratorState): string {
  return sealer.seal(KIND, [
    state.streamName,
    state.birth,
    state.shardId,
    state.ordinal,
    state.issuedMs,
    state.issue,
  ])
}

/** @throws ServiceError for a text that this service did not issue */
export function openIterator(sealer: Sealer, text: unknown): IteratorState {
  const operation = 'GetRecords'
  if (typeof text !== 'string' || text.length === 0 || text.length > MAX_CHARACTERS) {
    throw invalidField(operation, 'shardIterator', `Member must have length 1 to ${MAX_CHARACTERS}`)
  }
  const fields = sealer.open(KIND, text)
  if (fields === undefined) throw invalidArgument(operation, 'Invalid ShardIterator.')
  const [streamName = '', birth, shardId = '', ordinal, issuedMs, issue] = fields
  return {
    streamName,
    birth: Number(birth),
    shardId,
    ordinal: Number(ordinal),
    issuedMs: Number(issuedMs),
    issue: Number(issue),
  }
}

/** What a start position is resolved against. */
export interface StartView {
  /** `stream NAME under account ACCOUNT` */
  readonly label: string
  readonly shard: ShardStore
  readonly sequences: SequenceAllocator
  readonly nowMs: number
}

/** The ordinal a new iterator starts at. @throws ServiceError */
export function startOrdinal(input: kinesis.GetShardIteratorInput, view: StartView): number {
  const operation = 'GetShardIterator'
  const startType = input.ShardIteratorType
  switch (startType) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      refuseUnused(operation, input, 'StartingSequenceNumber', 'Timestamp')
      return startType === 'LATEST' ? view.shard.endOrdinal : view.shard.firstOrdinal
    case 'AT_TIMESTAMP':
      refuseUnused(operation, input, 'StartingSequenceNumber')
      return view.shard.ordinalOfTime(timestampMs(operation, input, view))
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      refuseUnused(operation, input, 'Timestamp')
      const sequenceNumber = startingSequenceNumber(operation, input, view)
      const ordinal = view.shard.ordinalOfSequence(sequenceNumber)
      const isStored = view.shard.at(ordinal)?.sequenceNumber === sequenceNumber
      return startType === 'AFTER_SEQUENCE_NUMBER' && isStored ? ordinal + 1 : ordinal
    }
    default:
      startType satisfies never
      throw invalidField(operation, 'shardIteratorType', 'Member must be an iterator type')
  }
}

function startingSequenceNumber(
  operation: string,
  input: kinesis.GetShardIteratorInput,
  view: StartView,
): string {
  const text = input.StartingSequenceNumber
  if (text === undefined) {
    throw invalidArgument(
      operation,
      `${input.ShardIteratorType} needs a StartingSequenceNumber, and the request has none.`,
    )
  }
  if (!isSequenceNumber(text)) {
    throw invalidField(operation, 'startingSequenceNumber', 'Member must be a sequence number')
  }
  const { shard, sequences } = view
  const ending = shard.endingSequenceNumber
  if (
    sequences.mayHaveIssued(text, shard.index) &&
    text >= shard.startingSequenceNumber &&
    (ending === undefined || text <= ending)
  ) {
    return text
  }
  throw invalidArgument(
    operation,
    `StartingSequenceNumber ${text} used in GetShardIterator on shard ${shard.shardId} in ${view.label} is invalid because it did not come from this shard.`,
  )
}

function timestampMs(
  operation: string,
  input: kinesis.GetShardIteratorInput,
  view: StartView,
): number {
  const timeMs = input.Timestamp?.getTime()
  if (timeMs === undefined || Number.isNaN(timeMs)) {
    throw invalidArgument(operation, 'AT_TIMESTAMP needs a Timestamp, and the request has none.')
  }
  if (timeMs <= view.nowMs) return timeMs
  throw invalidArgument(
    operation,
    `The timestamp ${timeMs} cannot be greater than the current timestamp ${view.nowMs}.`,
  )
}

function refuseUnused(
  operation: string,
  input: kinesis.GetShardIteratorInput,
  ...fields: readonly ('StartingSequenceNumber' | 'Timestamp')[]
): void {
  for (const field of fields) {
    if (input[field] === undefined) continue
    throw invalidArgument(operation, `${input.ShardIteratorType} takes no ${field}.`)
  }
}
