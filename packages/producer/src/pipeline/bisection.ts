/** Whether halving a request that the service called invalid can find the entry at fault. */

/** What all parts of one request share. */
interface Search {
  /** The service took a part: it is single entries that it refuses. */
  hasGoodPart: boolean
  /** Large parts whose answer may still show that. */
  largePartsOut: number
}

/** Where a part of a request stands. */
export interface Bisection {
  /** 1 for a half, 2 for a quarter and so on. */
  readonly depth: number
  readonly search: Search
}

/** Eight parts that are refused alike: what is wrong is the stream or the call, not an entry. */
const BLIND_DEPTH = 3
const NAMES_AN_ENTRY = /record|\bdata\b|partition ?key|hash ?key/i

/** Both halves of a part that was refused, to be sent; undefined when that is of no use. */
export function halve(
  entries: number,
  message: string,
  part: Bisection | undefined,
): Bisection | undefined {
  if (entries < 2) return undefined
  const search = part?.search ?? { hasGoodPart: false, largePartsOut: 0 }
  const depth = (part?.depth ?? 0) + 1
  const helps =
    depth <= BLIND_DEPTH ||
    search.hasGoodPart ||
    search.largePartsOut > 0 ||
    NAMES_AN_ENTRY.test(message)
  if (!helps) return undefined
  if (depth < BLIND_DEPTH) search.largePartsOut += 2
  return { depth, search }
}

/** Notes what became of a part. */
export function noteAnswer(part: Bisection | undefined, isGood: boolean): void {
  if (part === undefined) return
  if (isGood) part.search.hasGoodPart = true
  if (part.depth < BLIND_DEPTH) part.search.largePartsOut--
}
