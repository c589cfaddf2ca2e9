/** A logger that keeps its warnings and errors. */
import type { Logger } from '@millrace/core'

export interface CollectingLogger {
  readonly logger: Logger
  readonly warnings: string[]
  readonly errors: string[]
}

export function collectingLogger(): CollectingLogger {
  const warnings: string[] = []
  const errors: string[] = []
  const ignore = (): void => {}
  return {
    warnings,
    errors,
    logger: {
      debug: ignore,
      info: ignore,
      warn: (_, message) => warnings.push(message),
      error: (_, message) => errors.push(message),
    },
  }
}
