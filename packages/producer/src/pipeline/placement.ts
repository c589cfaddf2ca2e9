/**
 * Pure: whether a stored Kinesis record lies where its readers accept it. KCL drops an aggregate
 * whole if one user record of it lies outside the shard's range, so the answer is for the whole.
 */
import { type HashWordRange, hashUserRecord, newHashWords } from '@millrace/core/internal'

/** `unknown`: the range of the shard is not known yet. */
export type Placement = 'right' | 'wrong' | 'unknown'

export interface KeyedRecord {
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
}

const words = newHashWords()

/**
 * True when the known range of a shard cannot be that of the shard that stored this record. A shard
 * never changes its range, so the whole map belongs to another stream, which had the same name.
 *
 * @param first its hash key was the one sent
 */
export function disproves(first: KeyedRecord, actualRange: HashWordRange | undefined): boolean {
  if (actualRange === undefined) return false
  hashUserRecord(first.partitionKey, first.explicitHashKey, words)
  return !actualRange.holds(words)
}

/**
 * @param predicted where the producer meant it to go; undefined if that was said by a map that proved wrong
 * @param actual where the service put it
 * @param actualRange of that shard, once known
 */
export function placementOf(
  userRecords: readonly KeyedRecord[],
  predicted: string | undefined,
  actual: string,
  actualRange: HashWordRange | undefined,
): Placement {
  // The service placed a lone record by its own hash key: it cannot be wrong.
  if (userRecords.length === 1 || predicted === actual) return 'right'
  if (actualRange === undefined) return 'unknown'
  for (const { partitionKey, explicitHashKey } of userRecords) {
    hashUserRecord(partitionKey, explicitHashKey, words)
    if (!actualRange.holds(words)) return 'wrong'
  }
  return 'right'
}
