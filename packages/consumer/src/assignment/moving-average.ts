/** The exponential moving average by which KCL smooths loads and throughputs. Pure. */

/** @param alpha weight of the newest value, above 0 and at most 1 */
export function smoothed(before: number | undefined, value: number, alpha: number): number {
  return before === undefined ? value : alpha * value + (1 - alpha) * before
}

/** Of values oldest first; a negative one stands for a period that was not measured. */
export function movingAverage(values: readonly number[], alpha: number): number | undefined {
  let average: number | undefined
  for (const value of values) {
    if (value >= 0) average = smoothed(average, value, alpha)
  }
  return average
}
