/**
 * CPU use of a container of ECS or Fargate, from the task metadata endpoint: its limit is a share
 * of the task's, which no file in the container tells. Pure.
 */
import type { CpuSource } from './cpu-source.ts'

/** The agent's link-local address, or a stand-in on this machine. */
const LOCAL_HOSTS = new Set(['169.254.170.2', '127.0.0.1', 'localhost'])

/** Undefined for an address beyond this machine: we ask nobody else, whatever the variable says. */
export function ecsMetadata(uri: string): CpuSource | undefined {
  if (!URL.canParse(uri)) return undefined
  const { protocol, hostname } = new URL(uri)
  if (protocol !== 'http:' || !LOCAL_HOSTS.has(hostname)) return undefined
  const root = uri.replace(/\/+$/, '')
  return {
    name: 'ECS task metadata',
    places: [`${root}/stats`, `${root}/task`, root],
    read: ([stats, task, container]) => {
      const percent = containerPercent(parsed(stats), parsed(task), parsed(container))
      return percent === undefined ? undefined : { kind: 'percent', percent }
    },
  }
}

/** The endpoint sends two readings a second apart at once; before its second there is no answer. */
function containerPercent(stats: unknown, task: unknown, container: unknown): number | undefined {
  const usedBefore = amount(stats, 'precpu_stats', 'cpu_usage', 'total_usage')
  const clockBefore = amount(stats, 'precpu_stats', 'system_cpu_usage')
  const usedNow = amount(stats, 'cpu_stats', 'cpu_usage', 'total_usage')
  const clockNow = amount(stats, 'cpu_stats', 'system_cpu_usage')
  const cpus = amount(stats, 'cpu_stats', 'online_cpus')
  if (usedBefore === undefined || clockBefore === undefined || cpus === undefined) return undefined
  if (usedNow === undefined || clockNow === undefined) return undefined
  // The system's clock sums up all its CPUs.
  const cores = ((usedNow - usedBefore) / (clockNow - clockBefore)) * cpus
  const percent = (100 * cores) / coresOf(task, container, cpus)
  return percent >= 0 && Number.isFinite(percent) ? Math.min(100, percent) : undefined
}

/** A task without a limit may use the machine; a container without shares may use its task. */
function coresOf(task: unknown, container: unknown, cpus: number): number {
  const taskCores = amount(task, 'Limits', 'CPU') ?? cpus
  const all = valueAt(task, 'Containers')
  const shares = Array.isArray(all) ? all.map((each) => amount(each, 'Limits', 'CPU') ?? 0) : []
  const sum = shares.reduce((a, b) => a + b, 0)
  const own = amount(container, 'Limits', 'CPU')
  return own === undefined || sum === 0 ? taskCores : taskCores * Math.min(1, own / sum)
}

/** A number above 0. */
function amount(value: unknown, ...path: readonly string[]): number | undefined {
  const found = path.reduce(valueAt, value)
  return typeof found === 'number' && found > 0 && Number.isFinite(found) ? found : undefined
}

function valueAt(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Readonly<Record<string, unknown>>)[key]
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
