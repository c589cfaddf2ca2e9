/** CPU use of a container against what it may use, from control groups of version 2. Pure. */
import { parseCount } from './cpu-counter.ts'
import { cpuSetSize } from './cpu-set.ts'
import type { CpuSource } from './cpu-source.ts'

const FOLDER = '/sys/fs/cgroup'
const MICROSECONDS_PER_MS = 1000

/** The group of a whole machine has no `cpu.max`, so this source stays silent outside containers. */
export const cgroupV2: CpuSource = {
  name: 'cgroup v2',
  places: [`${FOLDER}/cpu.stat`, `${FOLDER}/cpu.max`, `${FOLDER}/cpuset.cpus.effective`],
  read: ([stat, max, cpuSet], atMs) => {
    const used = usedMs(stat)
    const cores = usableCores(max, cpuSet)
    if (used === undefined || cores === undefined) return undefined
    return { kind: 'counter', counter: { used, at: atMs, cores } }
  },
}

function usedMs(stat: string | undefined): number | undefined {
  const microseconds = parseCount(stat?.match(/^usage_usec (\d+)$/m)?.[1])
  return microseconds === undefined ? undefined : microseconds / MICROSECONDS_PER_MS
}

/** A quota above the CPUs that there are cannot be used up, so the lesser of the two counts. */
function usableCores(max: string | undefined, cpuSet: string | undefined): number | undefined {
  const [quotaText, periodText] = max?.trim().split(' ') ?? []
  const period = parseCount(periodText)
  if (period === undefined || period === 0) return undefined
  const cpus = cpuSetSize(cpuSet)
  if (quotaText === 'max') return cpus
  const quota = parseCount(quotaText)
  if (quota === undefined || quota === 0) return undefined
  return Math.min(quota / period, cpus ?? Number.POSITIVE_INFINITY)
}
