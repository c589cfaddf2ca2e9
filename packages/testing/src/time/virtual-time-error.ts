import { type ErrorCode, KinesisError } from '@millrace/core'

/** Why virtual time stopped: the run could not go on, or may not be started. */
export type VirtualTimeFailure = 'nested' | 'deadlock' | 'time-limit' | 'standstill' | 'not-met'

const HINTS: Readonly<Record<VirtualTimeFailure, string>> = {
  nested: 'Virtual time replaces globals: end the run that is active before you start another.',
  deadlock:
    'Something is awaited that no timer, reply or immediate will settle; real I/O cannot be awaited in virtual time.',
  'time-limit': 'Raise maxVirtualMs, or find the wait that does not end.',
  'not-met': 'Raise timeoutMs, or find what keeps the condition from coming true.',
  standstill: 'Something re-arms itself with no delay and never lets time pass.',
}

/** Virtual time cannot start or cannot go on. @public */
export class VirtualTimeError extends KinesisError {
  readonly code: ErrorCode = 'ERR_KINESIS_VIRTUAL_TIME'
  readonly failure: VirtualTimeFailure

  constructor(failure: VirtualTimeFailure, message: string) {
    super(message, { hint: HINTS[failure] })
    this.failure = failure
  }
}
