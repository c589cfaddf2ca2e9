/** One breakage of the product, and what finds it. */
export interface Mutant {
  readonly name: string
  readonly about: string
  /** From the root of the repository. */
  readonly file: string
  /** Must occur exactly once, else the mutant no longer applies and fails. */
  readonly find: string
  readonly replace: string
  readonly scenario: string
  /** A seed known to find it comes first. */
  readonly from: number
  readonly seeds: number
}
