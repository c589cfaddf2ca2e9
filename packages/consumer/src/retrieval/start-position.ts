/** Where reading starts: stored position -> GetShardIterator. Pure. */
import {
  type ExtendedSequenceNumber,
  InvalidOptionError,
  InvalidStreamModelError,
} from '@millrace/core'
import {
  AT_TIMESTAMP,
  type GetShardIteratorInput,
  isSequenceNumber,
  LATEST,
  SHARD_END,
  TRIM_HORIZON,
} from '@millrace/core/internal'
import type { Lease } from '../lease/lease.ts'
import type { InitialPosition } from '../options.ts'

export type StoredPosition = Pick<Lease, 'checkpoint' | 'startTimestampMs'>

export type IteratorStart = Pick<
  GetShardIteratorInput,
  'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'
>

export const OLDEST_RECORD: IteratorStart = { ShardIteratorType: 'TRIM_HORIZON' }

/**
 * The iterator that a tenure starts with, and starts with again until its first record has come.
 * A stored number is read again itself: the rest of an aggregate may still be owed, so what was
 * done already is filtered out afterwards (`deliveredBefore`).
 *
 * @throws InvalidOptionError for a lease at AT_TIMESTAMP when the options name no timestamp any more
 */
export function startOfTenure(
  stored: StoredPosition,
  initialPosition: InitialPosition,
): IteratorStart {
  const { sequenceNumber } = stored.checkpoint
  if (isSequenceNumber(sequenceNumber)) {
    return atRecord(sequenceNumber)
  }
  switch (sequenceNumber) {
    case TRIM_HORIZON:
      return OLDEST_RECORD
    case LATEST:
      // LATEST again would skip whatever was written since this lease was first read (R11).
      return stored.startTimestampMs === undefined
        ? { ShardIteratorType: 'LATEST' }
        : atTimestamp(new Date(stored.startTimestampMs))
    case AT_TIMESTAMP:
      if (typeof initialPosition === 'object') return atTimestamp(initialPosition.atTimestamp)
      throw new InvalidOptionError(
        'initialPosition',
        `initialPosition is '${initialPosition}', but a lease still waits at AT_TIMESTAMP`,
        'Keep { atTimestamp } until every lease has a checkpoint: the table does not hold the time.',
      )
    default:
      throw new InvalidStreamModelError(`A shard cannot be read from ${sequenceNumber}`, {
        hint:
          sequenceNumber === SHARD_END
            ? 'The shard was read to its end; its children go on.'
            : 'The lease row holds something that is no checkpoint; repair or delete the row.',
      })
  }
}

export function atRecord(sequenceNumber: string): IteratorStart {
  return { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: sequenceNumber }
}

/** AFTER, not AT: the last record is not read twice (R08). */
export function afterRecord(sequenceNumber: string): IteratorStart {
  return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: sequenceNumber }
}

/** Records at or before this were done in earlier tenures; undefined when there is none. */
export function deliveredBefore(
  checkpoint: ExtendedSequenceNumber,
): ExtendedSequenceNumber | undefined {
  return isSequenceNumber(checkpoint.sequenceNumber) ? checkpoint : undefined
}

function atTimestamp(time: Date): IteratorStart {
  return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: time }
}
