/** From where on what leases carry tells workers apart. Pure. KCL has no such floor. */

/**
 * Kilobytes per second, about a hundredth of what one shard takes in, as a percentage point is a
 * hundredth of a CPU: no worker is busier for that, while a move stops a shard for a second or two.
 * It is above the noise as well: one record of 60 KB between two renewals, and no other, makes as
 * much. Where bytes do not tell what the work is, the workers should report their CPU.
 */
export const LEAST_DIFFERENCE_KBPS = 10

/** Of workers that are compared by throughput: whether the difference is a reason for a move. */
export function isDifference(throughputsKBps: readonly number[]): boolean {
  const [least, most] = extremesOf(throughputsKBps)
  return most - least >= LEAST_DIFFERENCE_KBPS
}

/** Whether none could differ from another by as much, were it to get all of this besides. */
export function isBelowFloor(throughputsKBps: readonly number[], besidesKBps: number): boolean {
  const [, most] = extremesOf(throughputsKBps)
  return most + besidesKBps < LEAST_DIFFERENCE_KBPS
}

function extremesOf(values: readonly number[]): readonly [least: number, most: number] {
  if (values.length === 0) return [0, 0]
  return [
    values.reduce((least, value) => Math.min(least, value)),
    values.reduce((most, value) => Math.max(most, value)),
  ]
}
