/**
 * KCL's rules of checkpoints, written down once more and as simply as can be: sequence numbers are
 * small whole numbers here. Where ours differ, a comment says so.
 */

/** A record number and the place inside an aggregate; `end` is SHARD_END. */
export type At = readonly [record: number, sub: number]
export const END: At = [Number.POSITIVE_INFINITY, 0]

/** `invalid`: IllegalArgumentException; `lost`: ShutdownException; `failed`: the table's trouble. */
export type Outcome = 'stored' | 'nothing' | 'invalid' | 'lost' | 'failed'

export interface Row {
  readonly at: At
  readonly pending: { readonly at: At; readonly state: string | undefined } | undefined
}

export class CheckpointModel {
  row: Row
  /** The last record that a handler call was given. */
  largest: At
  isEnding = false
  isLost = false
  /** The table refuses the next write. */
  fails = false

  constructor(start: At) {
    this.row = { at: start, pending: undefined }
    this.largest = start
  }

  delivered(at: At): void {
    this.largest = at
  }

  /** Ours: a failed call takes back what it was given (KCL has no retries). */
  withdrawn(done: At): void {
    this.largest = compare(done, this.row.at) > 0 ? done : this.row.at
  }

  checkpoint(at: At | undefined): Outcome {
    // Ours: a call without the lease is always refused; KCL lets one pass that has nothing to store.
    if (this.isLost) return 'lost'
    const target = this.#target(at)
    return target === 'invalid' || target === 'nothing' ? target : this.#store(target)
  }

  prepare(at: At | undefined, state: string | undefined): Outcome {
    if (this.isLost) return 'lost'
    const named = this.#target(at)
    if (named === 'invalid') return 'invalid'
    const target = named === 'nothing' ? this.largest : named
    if (compare(target, this.row.at) <= 0) return 'nothing'
    if (this.#meetsTrouble()) return 'failed'
    this.row = { at: this.row.at, pending: { at: target, state } }
    return 'stored'
  }

  /** Ours: the library does it, whatever the handler has stored (KCL #211). */
  end(): Outcome {
    if (compare(this.row.at, END) === 0) return 'nothing'
    return this.isLost ? 'lost' : this.#store(END)
  }

  #target(at: At | undefined): At | 'invalid' | 'nothing' {
    if (at === undefined) return this.largest
    const [record, sub] = at
    if (sub < 0) return 'invalid'
    const isOver = compare(this.row.at, END) === 0
    // Ours: the end is not the handler's to store, and naming it before it is there is refused; KCL
    // takes any number that is as large as the last.
    if (record === END[0]) return this.isEnding || isOver ? 'nothing' : 'invalid'
    if (compare(at, this.largest) > 0) return 'invalid'
    // Ours: what comes after the end is passed over in silence (R15).
    if (isOver) return at
    return compare(at, this.row.at) < 0 ? 'invalid' : at
  }

  #store(at: At): Outcome {
    if (compare(at, this.row.at) <= 0) return 'nothing'
    if (this.#meetsTrouble()) return 'failed'
    // Any checkpoint clears what is pending.
    this.row = { at, pending: undefined }
    return 'stored'
  }

  #meetsTrouble(): boolean {
    const { fails } = this
    this.fails = false
    return fails
  }
}

export function compare(a: At, b: At): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1
  return a[1] - b[1]
}
