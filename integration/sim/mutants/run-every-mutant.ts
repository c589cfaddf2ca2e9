/** Runs every mutant: one that is not found is a hole in the simulator. */
import { MutantNotAppliedError } from './run-mutant.ts'

export interface MutantsReport {
  readonly found: readonly string[]
  readonly survived: readonly string[]
  /** What they change is no longer there, or they do not start: they prove nothing. */
  readonly notApplied: readonly string[]
}

/**
 * @param jobs mutants at once; each is a process of its own
 * @param run answers 1 for a mutant that was found, 0 for one that survived
 * @param say gets a line for each, and what a mutant printed that was not found
 */
export async function runEveryMutant(
  names: readonly string[],
  jobs: number,
  run: (name: string, say: (line: string) => void) => Promise<number>,
  say: (line: string) => void,
): Promise<MutantsReport> {
  const report = { found: [] as string[], survived: [] as string[], notApplied: [] as string[] }
  let next = 0
  const runOn = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) {
      const printed: string[] = []
      try {
        const code = await run(name, (line) => printed.push(line))
        report[code === 1 ? 'found' : 'survived'].push(name)
        if (code !== 1) for (const line of printed) say(line)
        say(`mutant ${name}: ${code === 1 ? 'found' : 'SURVIVED'}`)
      } catch (cause) {
        if (!(cause instanceof MutantNotAppliedError)) throw cause
        report.notApplied.push(name)
        say(`mutant ${name}: NOT APPLIED: ${cause.message}`)
      }
    }
  }
  await Promise.all(Array.from({ length: jobs }, runOn))
  return report
}
