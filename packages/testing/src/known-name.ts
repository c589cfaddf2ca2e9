/** Names that faults go by: spelt wrong, one would never be met and its test would prove nothing. */
import { InvalidOptionError } from '@millrace/core'
import { nearestName, showValue } from '@millrace/core/internal'

/** @throws InvalidOptionError */
export function checkName(option: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return
  const near = nearestName(String(value), known)
  throw new InvalidOptionError(
    option,
    `${option} is ${showValue(value)}`,
    near === undefined ? `Use one of: ${known.join(', ')}.` : `Did you mean "${near}"?`,
  )
}
