/** Where CPU use is read from: named places and a pure function of the texts found there. */
import type { CpuCounter } from './cpu-counter.ts'

/** A count to compare with the one before, or a percentage that needs no other. */
export type CpuReading =
  | { readonly kind: 'counter'; readonly counter: CpuCounter }
  | { readonly kind: 'percent'; readonly percent: number }

export interface CpuSource {
  readonly name: string
  /** Absolute paths, or http addresses. */
  readonly places: readonly string[]
  /**
   * @param texts one a place, undefined where nothing could be read
   * @param atMs monotonic
   * @returns undefined when the texts do not say; never throws
   */
  read(texts: readonly (string | undefined)[], atMs: number): CpuReading | undefined
}
