import type { Metrics } from './metrics.ts'

/** For users who bring no metrics sink. */
export const noMetrics: Metrics = { put() {} }
