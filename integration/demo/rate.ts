/** Records a second over the last moments. Pure but for its memory. */

const WINDOW_MS = 3000

export class Rate {
  readonly #samples: { readonly atMs: number; readonly count: number }[] = []

  /** Takes the count so far and answers how fast it rose of late. */
  perSecond(atMs: number, count: number): number {
    this.#samples.push({ atMs, count })
    while (this.#samples.length > 2 && atMs - (this.#samples[0]?.atMs ?? atMs) > WINDOW_MS) {
      this.#samples.shift()
    }
    const [first] = this.#samples
    if (first === undefined || first.atMs === atMs) return 0
    return ((count - first.count) * 1000) / (atMs - first.atMs)
  }
}
