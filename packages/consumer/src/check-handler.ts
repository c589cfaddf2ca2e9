/** What is refused before any lease is taken. Pure. */
import { ClosedError, InvalidOptionError } from '@millrace/core'
import { nearestName, showValue } from '@millrace/core/internal'

const KINDS = ['eachRecord', 'eachBatch', 'processor'] as const

/** @throws InvalidOptionError for a handler that could handle nothing */
export function checkHandler(handler: unknown): void {
  const given = (typeof handler === 'object' && handler !== null ? handler : {}) as Readonly<
    Record<string, unknown>
  >
  const kinds = KINDS.filter((kind) => typeof given[kind] === 'function')
  const unknown = Object.keys(given).find((name) => !(KINDS as readonly string[]).includes(name))
  if (kinds.length === 1 && unknown === undefined) return
  const near = unknown === undefined ? undefined : nearestName(unknown, KINDS)
  throw new InvalidOptionError(
    'handler',
    unknown === undefined ? `handler is ${showValue(handler)}` : `Unknown handler ${unknown}`,
    near === undefined
      ? 'Pass one function: { eachRecord }, { eachBatch } or { processor }.'
      : `Did you mean "${near}"?`,
  )
}

/** @param way in which the consumer handles records already; undefined when in none */
export function notFree(workerId: string, state: string, way: string | undefined): ClosedError {
  const by = way === undefined ? '' : `, and handles records by ${way}`
  const hint = 'One consumer handles records once, in one way; create another.'
  return new ClosedError(`Consumer ${workerId} is ${state}${by}`, { hint })
}
