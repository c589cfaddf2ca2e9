/** Options that the kind of handler at hand would never read. Pure. */
import { InvalidOptionError } from '@millrace/core'
import type { ResolvedConsumerOptions } from './options.ts'

/** @throws InvalidOptionError */
export function refuseUnusedByHandler(
  handler: object,
  { maxBatchWaitMs }: Pick<ResolvedConsumerOptions<never>, 'maxBatchWaitMs'>,
): void {
  if ('eachRecord' in handler && maxBatchWaitMs > 0) {
    throw new InvalidOptionError(
      'maxBatchWaitMs',
      `maxBatchWaitMs is ${maxBatchWaitMs} beside eachRecord, which takes records one by one`,
      'Handle batches with { eachBatch }, or leave maxBatchWaitMs out.',
    )
  }
}
