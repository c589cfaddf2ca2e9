/** What a case can end in. */

export const EXIT = {
  held: 0,
  violated: 1,
  usage: 2,
  absent: 3,
  inconclusive: 4,
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Something that the case needs is not on this machine; the message names it. */
export class AbsentError extends Error {}

/** The run could not show what it was to show, and no promise was seen to be broken. */
export class InconclusiveError extends Error {}

export interface CaseResult {
  readonly exitCode: ExitCode
  /** For people. */
  readonly summary: string
  /** For `--json`. */
  readonly report: object
}
