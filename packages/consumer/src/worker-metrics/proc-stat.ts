/**
 * CPU use of a whole machine from the first line of `/proc/stat`. As KCL on EC2, so that workers of
 * both kinds report equal numbers: only these five columns count, and waiting for I/O is busy. Pure.
 */
import { type CpuCounter, parseCount } from './cpu-counter.ts'
import type { CpuSource } from './cpu-source.ts'

export const procStat: CpuSource = {
  name: '/proc/stat',
  places: ['/proc/stat'],
  read: ([text]) => {
    const counter = readProcStat(text)
    return counter && { kind: 'counter', counter }
  },
}

/** In ticks, idle time being part of the clock: all CPUs together are one. */
export function readProcStat(text: string | undefined): CpuCounter | undefined {
  const line = text?.slice(0, text.indexOf('\n')) ?? ''
  const [name, ...columns] = line.trim().split(/\s+/)
  const [user, nice, system, idle, waiting] = columns.map(parseCount)
  if (name !== 'cpu' || user === undefined || nice === undefined) return undefined
  if (system === undefined || idle === undefined || waiting === undefined) return undefined
  const used = user + nice + system + waiting
  return { used, at: used + idle, cores: 1 }
}
