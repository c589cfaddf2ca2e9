/** Names that another library has for options of ours, for whoever comes from there. Pure. */
import type { NameHint } from './options.ts'

export interface ForeignName {
  /** What it is called there. */
  readonly name: string
  /** The option here, by its path; undefined where there is none. */
  readonly here: string | undefined
  /** What else is to be known, a whole sentence. */
  readonly note?: string | undefined
}

/** `there` is called `here` with us. */
export function named(there: string, here: string, note?: string): ForeignName {
  return { name: there, here, note }
}

/** `there` has no counterpart with us; `note` says why. */
export function withoutCounterpart(there: string, note: string): ForeignName {
  return { name: there, here: undefined, note }
}

/** For options that are unknown where they stand: what a name of the other library is called here. */
export function foreignNameHint(library: string, names: readonly ForeignName[]): NameHint {
  const byName = new Map(names.map((name) => [name.name.toLowerCase(), name]))
  return (given) => {
    const known = byName.get(given.toLowerCase())
    if (known === undefined) return undefined
    const { name, here, note } = known
    const what =
      here === undefined
        ? `${library}'s ${name} has no counterpart here.`
        : `Use "${here}" (${library}: ${name}).`
    return note === undefined ? what : `${what} ${note}`
  }
}
