/**
 * What AWS refuses because of how the user set it up: missing rights, credentials that ran out, a
 * key that cannot be used, a stream that is gone. Waiting may help, when somebody acts, so that
 * somebody must hear of it: with the first refusal, whichever part of a worker meets it.
 */
import { isServiceError, type Logger, type ServiceErrorKind } from '@millrace/core'
import { isLoudFailure } from '../backoff.ts'
import type { EmitConsumerEvent } from '../events.ts'

/** A call that AWS refuses at present. @public */
export interface SetupTrouble {
  /** As a policy names it, such as `kinesis:GetRecords`. */
  readonly action: string
  /** Refusals in a row. */
  readonly failures: number
  /** The last of them. */
  readonly error: unknown
}

export interface SetupWatchOptions {
  readonly logger: Logger
  readonly emit: EmitConsumerEvent
}

const KINDS: ReadonlySet<ServiceErrorKind> = new Set(['denied', 'expired-credentials', 'kms'])
/** Calls that name the stream alone: a shard may be gone while its stream is well. */
const OF_THE_STREAM: ReadonlySet<string> = new Set(['ListShards', 'DescribeStreamSummary'])

/** True for a refusal that the user's set-up is to blame for, and that is told of by `SetupWatch`. */
export function isSetupTrouble(error: unknown): boolean {
  if (!isServiceError(error)) return false
  const isStreamGone = error.kind === 'missing' && OF_THE_STREAM.has(error.operation)
  return isStreamGone || KINDS.has(error.kind)
}

export class SetupWatch {
  readonly #options: SetupWatchOptions
  readonly #troubles = new Map<string, SetupTrouble>()
  #isRunning = false

  constructor(options: SetupWatchOptions) {
    this.#options = options
  }

  /** By action; empty while all is well. */
  get troubles(): readonly SetupTrouble[] {
    return [...this.#troubles.values()]
  }

  /** The worker has started: a start that fails tells of itself. */
  started(): void {
    this.#isRunning = true
  }

  /** The service has let this call through, whatever it said to it. */
  worked(action: string): void {
    if (this.#troubles.size > 0) this.#troubles.delete(action)
  }

  failed(action: string, error: unknown): void {
    if (!isSetupTrouble(error)) return
    const failures = (this.#troubles.get(action)?.failures ?? 0) + 1
    this.#troubles.set(action, { action, failures, error })
    if (!this.#isRunning || !isLoudFailure(failures)) return
    const { logger, emit } = this.#options
    logger.error({ err: error, action, failures }, 'AWS refuses a call; it is tried again')
    emit('error', error)
  }
}
