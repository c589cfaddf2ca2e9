/** Faults that tests inject into the simulated DynamoDB. */
import { type DynamoPort, InvalidOptionError } from '@millrace/core'

/**
 * - `throttle`: `ProvisionedThroughputExceededException`
 * - `fail`: `InternalServerError`; nothing is applied
 * - `delay`: the answer comes `delayMs` later
 * - `lose-reply`: the call is applied, then rejects with kind `network`
 * @public
 */
export interface DynamoFault {
  readonly operation: keyof DynamoPort
  readonly kind: 'throttle' | 'fail' | 'delay' | 'lose-reply'
  /** How many calls it hits. @default 1 */
  readonly times?: number | undefined
  /** Of `delay`, milliseconds. @default 1000 */
  readonly delayMs?: number | undefined
}

interface ActiveFault {
  readonly fault: DynamoFault
  timesLeft: number
}

export class DynamoFaultBook {
  #active: readonly ActiveFault[] = []

  /** @throws InvalidOptionError */
  inject(fault: DynamoFault): { clear(): void } {
    const times = fault.times ?? 1
    if (!(times >= 1)) throw new InvalidOptionError('times', `times is ${times}`, 'Use 1 or more.')
    const active = { fault, timesLeft: times }
    this.#active = [...this.#active, active]
    return { clear: () => this.#remove(active) }
  }

  /** The oldest fault that a call of this operation meets; meeting it counts. */
  take(operation: keyof DynamoPort): DynamoFault | undefined {
    const active = this.#active.find(({ fault }) => fault.operation === operation)
    if (active === undefined) return undefined
    active.timesLeft--
    if (active.timesLeft <= 0) this.#remove(active)
    return active.fault
  }

  #remove(active: ActiveFault): void {
    this.#active = this.#active.filter((other) => other !== active)
  }
}
