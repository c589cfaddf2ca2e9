/** The little arithmetic that measuring needs. */
import { systemRandom } from '@millrace/core/internal'

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function shuffle<T>(items: readonly T[]): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(systemRandom.next() * (i + 1))
    const other = result[j] as T
    result[j] = result[i] as T
    result[i] = other
  }
  return result
}
