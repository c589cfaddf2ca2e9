/** Options that the way of handling at hand would never read. Pure. */
import { InvalidOptionError } from '@millrace/core'
import type { ResolvedConsumerOptions } from './options.ts'

type Given = Pick<ResolvedConsumerOptions<never>, 'maxBatchWaitMs' | 'concurrencyPerShard'>

/** @throws InvalidOptionError */
export function refuseUnused(
  way: string,
  isPerRecord: boolean,
  { maxBatchWaitMs, concurrencyPerShard }: Given,
): void {
  if (concurrencyPerShard > 1 && !(way === 'run()' && isPerRecord)) {
    throw new InvalidOptionError(
      'concurrencyPerShard',
      `concurrencyPerShard is ${concurrencyPerShard}, but ${way} is not given { eachRecord }`,
      'Handle records with run({ eachRecord }), or leave concurrencyPerShard out.',
    )
  }
  if (isPerRecord && maxBatchWaitMs > 0) {
    throw new InvalidOptionError(
      'maxBatchWaitMs',
      `maxBatchWaitMs is ${maxBatchWaitMs}, but ${way} takes records one by one`,
      'Handle batches with { eachBatch } or batches(), or leave maxBatchWaitMs out.',
    )
  }
}
