/** CPU use of a container against what it may use, from control groups of version 1. Pure. */
import { parseCount } from './cpu-counter.ts'
import { cpuSetSize } from './cpu-set.ts'
import type { CpuSource } from './cpu-source.ts'

const FOLDER = '/sys/fs/cgroup'
const NANOSECONDS_PER_MS = 1_000_000

export const cgroupV1: CpuSource = {
  name: 'cgroup v1',
  places: [
    // Most systems mount both controllers as one; then either path will do.
    `${FOLDER}/cpuacct/cpuacct.usage`,
    `${FOLDER}/cpu/cpuacct.usage`,
    `${FOLDER}/cpu/cpu.cfs_quota_us`,
    `${FOLDER}/cpu/cpu.cfs_period_us`,
    `${FOLDER}/cpuset/cpuset.effective_cpus`,
  ],
  read: ([usage, usageBesideCpu, quota, period, cpuSet], atMs) => {
    const nanoseconds = parseCount((usage ?? usageBesideCpu)?.trim())
    const cores = usableCores(quota?.trim(), period?.trim(), cpuSet)
    if (nanoseconds === undefined || cores === undefined) return undefined
    const used = nanoseconds / NANOSECONDS_PER_MS
    return { kind: 'counter', counter: { used, at: atMs, cores } }
  },
}

function usableCores(
  quotaText: string | undefined,
  periodText: string | undefined,
  cpuSet: string | undefined,
): number | undefined {
  const cpus = cpuSetSize(cpuSet)
  if (quotaText === '-1') return cpus
  const quota = parseCount(quotaText)
  const period = parseCount(periodText)
  if (quota === undefined || quota === 0 || period === undefined || period === 0) return undefined
  return Math.min(quota / period, cpus ?? Number.POSITIVE_INFINITY)
}
