/** Who watches the lease counters how often. Pure. */

/** Two standbys: one may die together with the leader. */
const STANDBYS = 2

export interface ObservationRoles {
  readonly workerId: string
  readonly leads: boolean
  readonly leader: string | undefined
  readonly liveWorkers: readonly string[]
}

/** A scan reads the whole table, so a large fleet leaves watching to the leader and its standbys. */
export function observationDelayMs(
  roles: ObservationRoles,
  options: { readonly observationIntervalMs: number; readonly failoverTimeMs: number },
): number {
  // A lock that names this worker, which does not lead, is left over from its former life.
  const isNobody = roles.leader === undefined || roles.leader === roles.workerId
  if (roles.leads || isNobody) return options.observationIntervalMs
  const standbys = roles.liveWorkers.filter((id) => id !== roles.leader).slice(0, STANDBYS)
  return standbys.includes(roles.workerId) || !roles.liveWorkers.includes(roles.workerId)
    ? options.observationIntervalMs
    : Math.max(options.observationIntervalMs, options.failoverTimeMs)
}
