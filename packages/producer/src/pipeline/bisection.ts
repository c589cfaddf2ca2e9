/**
 * Whether halving a request that the service called invalid can find the entry at fault. If both
 * halves are refused too, it is the call or the stream that is wrong: no record is sent a third time.
 */

/** What all parts of one request share. */
interface Search {
  /** A part was taken, or not judged: it is single entries that the service refuses. */
  hasGoodPart: boolean
  halvesOut: number
  /** A half that was refused while the other one travelled. */
  waiting: (() => void) | undefined
}

/** Where a part of a request stands. */
export interface Bisection {
  /** 1 for a half, 2 for a quarter and so on. */
  readonly depth: number
  readonly search: Search
}

const NAMES_AN_ENTRY = /record|\bdata\b|partition ?key|hash ?key/i

/**
 * What to do with a part that was refused as invalid: `fail` it, `wait` for the answer to the other
 * half, or send both halves of it as the part that is returned.
 */
export function halve(
  entries: number,
  message: string,
  part: Bisection | undefined,
): Bisection | 'fail' | 'wait' {
  if (entries < 2) return 'fail'
  if (part === undefined) {
    return { depth: 1, search: { hasGoodPart: false, halvesOut: 2, waiting: undefined } }
  }
  const { depth, search } = part
  if (search.hasGoodPart || NAMES_AN_ENTRY.test(message)) return { depth: depth + 1, search }
  return depth === 1 && search.halvesOut > 0 ? 'wait' : 'fail'
}

/** Runs `decide` when the other half has its answer. */
export function waitForOtherHalf({ search }: Bisection, decide: () => void): void {
  search.waiting = decide
}

/** Notes what became of a part; a half that waits for it is decided then. */
export function noteAnswer(part: Bisection | undefined, isRefused: boolean): void {
  if (part === undefined) return
  const { depth, search } = part
  if (!isRefused) search.hasGoodPart = true
  if (depth !== 1) return
  search.halvesOut--
  const { waiting } = search
  search.waiting = undefined
  waiting?.()
}
