/** A result that is counted, not timed: the same on every machine, so there is nothing to repeat. */

export interface Count {
  readonly name: string
  readonly value: number
}

/** `ratio` must not exceed `atMost`. */
export interface CeilingResult {
  readonly name: string
  readonly ratio: number
  readonly atMost: number
  readonly held: boolean
}

export interface CountResult {
  readonly name: string
  readonly unit: string
  readonly counts: readonly Count[]
  readonly ceilings: readonly CeilingResult[]
}
