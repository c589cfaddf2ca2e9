/** Sequence numbers and iterators of the stub: both say which page is meant. Pure. */

const PREFIX = '496'
const PAGE_DIGITS = 9
const RECORD_DIGITS = 5
/** As long as the service's. */
const DIGITS = 56
/** About as long as the service's. */
const ITERATOR_CHARACTERS = 240

/** Where the number of the page stands in a sequence number. */
export const PAGE_OFFSET: number = DIGITS - RECORD_DIGITS - PAGE_DIGITS

export function sequenceNumber(page: number, record: number): string {
  return PREFIX.padEnd(PAGE_OFFSET, '0') + pageDigits(page) + digits(record, RECORD_DIGITS)
}

export function pageDigits(page: number): string {
  return digits(page, PAGE_DIGITS)
}

export function pageOf(sequence: string): number {
  return Number(sequence.slice(PAGE_OFFSET, PAGE_OFFSET + PAGE_DIGITS))
}

export interface Position {
  readonly stream: string
  readonly shard: number
  readonly page: number
}

export function iteratorOf({ stream, shard, page }: Position): string {
  return `${stream}/${shard}/${pageDigits(page)}/`.padEnd(ITERATOR_CHARACTERS, 'A')
}

/** @throws Error for one that is not ours */
export function positionOf(iterator: string): Position {
  const [stream, shard, page] = iterator.split('/')
  if (stream === undefined || page === undefined) throw new Error(`iterator ${iterator}`)
  return { stream, shard: Number(shard), page: Number(page) }
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}
