/** What the simulated application is called and how it is set. */
export const STREAM = 'simulated'
export const APPLICATION = 'simulated-app'
export const FAILOVER_TIME_MS = 10_000
