/** Faults that tests inject: which one a call meets. No I/O here; the call acts on the answer. */
import { type DynamoPort, InvalidOptionError } from '@millrace/core'
import { checkName } from '../known-name.ts'

/**
 * - `throttle`: `ProvisionedThroughputExceededException`
 * - `fail`: `InternalServerError`; nothing is applied
 * - `delay`: the answer (or with `delayed: 'request'` the request) is on the way for `delayMs`
 * - `lose-reply`: the call is applied, then rejects with kind `network`
 * - `deny`: `AccessDeniedException`, as when the policy lacks the action; nothing is applied
 * @public
 */
export type DynamoFaultKind = 'throttle' | 'fail' | 'delay' | 'lose-reply' | 'deny'

/** @public */
export interface DynamoFault {
  readonly operation: keyof DynamoPort
  readonly kind: DynamoFaultKind
  /** How many calls it hits; `Infinity` lasts until `clear()`. @default 1 */
  readonly times?: number | undefined
  /** Only calls on this table. @default any */
  readonly tableName?: string | undefined
  /** Only calls whose input it says yes to. @default any */
  readonly when?: ((input: unknown) => boolean) | undefined
  /** Of `delay`, milliseconds; `Infinity` never answers. @default 1000 */
  readonly delayMs?: number | undefined
  /**
   * Of `delay`: whether the service applies the call at once and answers late, or gets it late.
   * Either way a caller that gives up does not undo it. @default 'reply'
   */
  readonly delayed?: 'reply' | 'request' | undefined
}

const OPERATIONS: readonly (keyof DynamoPort)[] = [
  'getItem',
  'putItem',
  'updateItem',
  'deleteItem',
  'query',
  'scan',
  'createTable',
  'updateTable',
  'describeTable',
  'updateContinuousBackups',
]
const KINDS: readonly DynamoFaultKind[] = ['throttle', 'fail', 'delay', 'lose-reply', 'deny']

interface ActiveFault {
  readonly fault: DynamoFault
  timesLeft: number
}

export class DynamoFaultBook {
  #active: readonly ActiveFault[] = []

  /** @throws InvalidOptionError */
  inject(fault: DynamoFault): { clear(): void } {
    checkName('operation', fault.operation, OPERATIONS)
    checkName('kind', fault.kind, KINDS)
    refuseBelow('times', fault.times ?? 1, 1)
    refuseBelow('delayMs', fault.delayMs ?? 0, 0)
    const active = { fault, timesLeft: fault.times ?? 1 }
    this.#active = [...this.#active, active]
    return { clear: () => this.#remove(active) }
  }

  /** The oldest fault that the call meets; meeting it counts. */
  take(
    operation: keyof DynamoPort,
    input: { readonly TableName: string },
  ): DynamoFault | undefined {
    const active = this.#active.find(
      ({ fault }) =>
        fault.operation === operation &&
        (fault.tableName === undefined || fault.tableName === input.TableName) &&
        (fault.when === undefined || fault.when(input)),
    )
    if (active === undefined) return undefined
    active.timesLeft--
    if (active.timesLeft <= 0) this.#remove(active)
    return active.fault
  }

  #remove(active: ActiveFault): void {
    this.#active = this.#active.filter((other) => other !== active)
  }
}

function refuseBelow(option: string, value: number, min: number): void {
  if (!(value >= min)) {
    throw new InvalidOptionError(option, `${option} is ${value}`, `Use ${min} or more.`)
  }
}
