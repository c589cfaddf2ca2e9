/** How many CPUs a kernel list such as `0-3,7` names. Pure. */
import { parseCount } from './cpu-counter.ts'

/** Far above any machine: what says more is no CPU list. */
const MAX_CPUS = 65_536

export function cpuSetSize(text: string | undefined): number | undefined {
  let size = 0
  for (const range of text?.trim().split(',') ?? []) {
    const [from, to, ...rest] = range.split('-')
    const first = parseCount(from)
    const last = to === undefined ? first : parseCount(to)
    if (first === undefined || last === undefined || last < first || rest.length > 0) {
      return undefined
    }
    size += last - first + 1
  }
  return size > 0 && size <= MAX_CPUS ? size : undefined
}
