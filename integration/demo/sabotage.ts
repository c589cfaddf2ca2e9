/**
 * Deliberate faults, so that a green demo means something. They sit in the worker process, between
 * what the consumer hands to the handler and the journal: exactly where a buggy handler would lose,
 * damage or double a record. One record is the target, for all workers and every delivery of it.
 */
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const SABOTAGES = ['lose-one', 'duplicate-one', 'corrupt-one'] as const
export type Sabotage = (typeof SABOTAGES)[number]

/** Which fault this delivery suffers, if any. */
export type FaultOf = (position: string) => Sabotage | undefined

/**
 * The first record that any worker sees is the target. A link is made by one process only, with
 * the whole text in place, so all workers agree from their first record on, whoever is killed.
 */
export function faultAt(sabotage: Sabotage | undefined, folder: string): FaultOf {
  if (sabotage === undefined) return () => undefined
  let target: string | undefined
  return (position) => {
    target ??= claim(folder, position)
    return position === target ? sabotage : undefined
  }
}

function claim(folder: string, position: string): string {
  const claimed = join(folder, 'sabotaged-record')
  const draft = `${claimed}.${process.pid}`
  writeFileSync(draft, position)
  try {
    linkSync(draft, claimed)
    return position
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    return readFileSync(claimed, 'utf8')
  } finally {
    unlinkSync(draft)
  }
}

/** The same bytes but for one bit; an empty record gets a byte. */
export function damaged(data: Uint8Array): Uint8Array {
  const copy = data.length === 0 ? new Uint8Array(1) : data.slice()
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1
  return copy
}
