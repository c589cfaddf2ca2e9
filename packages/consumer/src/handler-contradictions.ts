/** Options that the way of handling at hand would never read. Pure. */
import { InvalidOptionError } from '@millrace/core'
import type { ResolvedConsumerOptions } from './options.ts'

/** @throws InvalidOptionError */
export function refuseUnusedPerRecord(
  way: string,
  { maxBatchWaitMs }: Pick<ResolvedConsumerOptions<never>, 'maxBatchWaitMs'>,
): void {
  if (maxBatchWaitMs > 0) {
    throw new InvalidOptionError(
      'maxBatchWaitMs',
      `maxBatchWaitMs is ${maxBatchWaitMs}, but ${way} takes records one by one`,
      'Handle batches with { eachBatch } or batches(), or leave maxBatchWaitMs out.',
    )
  }
}
