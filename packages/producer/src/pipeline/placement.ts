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
 * @param predicted where the producer meant it to go
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
