/** The README's quick starts: which files they are and the stream they use. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const CONSUMER_EXAMPLE = 'quick-start-consumer.ts'
export const PRODUCER_EXAMPLE = 'quick-start-producer.ts'
/** As `millrace-testing serve --stream` takes it. */
export const QUICK_START_STREAM = 'quick-start:2'

/** Those of the two files that are not in `examples/`. */
export function missingExamples(repository: string): readonly string[] {
  return [CONSUMER_EXAMPLE, PRODUCER_EXAMPLE].filter(
    (name) => !existsSync(join(repository, 'examples', name)),
  )
}
