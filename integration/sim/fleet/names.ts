/** What the simulated application is called and how it is set. */
export const STREAM = 'simulated'
export const APPLICATION = 'simulated-app'
export const FAILOVER_TIME_MS = 10_000
/** Of a handoff; below the default, so that handlers which never settle run into it. */
export const HANDOFF_TIMEOUT_MS = 8000
