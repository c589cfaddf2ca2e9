/** What the command line asks for. Pure. */
import { availableParallelism } from 'node:os'
import { nearestName } from '@millrace/core/internal'

export interface SimArguments {
  readonly seeds: number
  readonly from: number
  readonly seed: number | undefined
  readonly trace: boolean
  readonly scenario: string | undefined
  readonly mutant: string | undefined
  readonly everyMutant: boolean
  readonly listMutants: boolean
  readonly listScenarios: boolean
  /** Processes that share the seeds. */
  readonly jobs: number
  readonly json: boolean
  /** Leaves out the timeline of the first failure, which plays it again. */
  readonly noTimeline: boolean
  /** Ends with the first history that breaks a rule; one process plays the seeds in order. */
  readonly untilFound: boolean
}

export class UsageError extends Error {}

const NUMBERS = ['--seeds', '--from', '--seed', '--jobs'] as const
const TEXTS = ['--scenario', '--mutant'] as const
const FLAGS = [
  ...(['--trace', '--json', '--no-timeline', '--until-found', '--help'] as const),
  ...(['--every-mutant', '--list-mutants', '--list-scenarios'] as const),
] as const
export const DEFAULT_SEEDS = 200

export const USAGE: string = `Usage: npm run sim -- [--seeds N] [--from N] [--scenario NAME] [--json] [--jobs N]
       npm run sim -- --seed N [--scenario NAME] [--trace]
       npm run sim -- --mutant NAME [--json]
       npm run sim -- --every-mutant [--jobs N] [--json]

  --seeds N         play the histories of N seeds (default ${DEFAULT_SEEDS}), from --from N on (default 1)
  --seed N          play the histories of this seed alone
  --scenario NAME   of this scenario alone; --list-scenarios names them all
  --trace           tell all that happens in the histories of one seed
  --no-timeline     do not play the first failure again for its timeline
  --until-found     end with the first failure, in one process
  --mutant NAME     break a copy of the code: it must be found; --list-mutants names them all
  --every-mutant    all of them: each must be found
  --jobs N          processes that share the seeds or the mutants (default: one a core)
  --json            the result as one JSON object on the last line of stdout
  --help            this text

Exit code 0: all rules held (of a mutant: it was not found; of every mutant: all were found); 1: one was broken
(of a mutant: it was found; of every mutant: one was not); 2: wrong use; 3: a mutant no longer applies.
`

/** Undefined: the usage is asked for. @throws UsageError */
export function parseArguments(given: readonly string[]): SimArguments | undefined {
  const numbers = new Map<string, number>()
  const texts = new Map<string, string>()
  const flags = new Set<string>()
  for (let i = 0; i < given.length; i++) {
    const [, name = '', inline] = /^([^=]*)(?:=(.*))?$/s.exec(given[i] ?? '') ?? []
    if (numbers.has(name) || texts.has(name)) throw new UsageError(`${name} is given twice`)
    const isNumber = (NUMBERS as readonly string[]).includes(name)
    if ((FLAGS as readonly string[]).includes(name)) {
      if (inline !== undefined) throw new UsageError(`${name} takes no value`)
      flags.add(name)
    } else if (isNumber) numbers.set(name, whole(name, inline ?? given[++i]))
    else if ((TEXTS as readonly string[]).includes(name))
      texts.set(name, filled(name, inline ?? given[++i]))
    else throw unknownName('argument', name, [...NUMBERS, ...TEXTS, ...FLAGS])
  }
  if (flags.has('--help')) return undefined
  refuseTwoRanges(numbers)
  if (flags.has('--every-mutant'))
    refuseBesideEveryMutant([...numbers.keys(), ...texts.keys(), ...flags])
  return {
    seeds: numbers.get('--seeds') ?? DEFAULT_SEEDS,
    from: numbers.get('--from') ?? 1,
    seed: numbers.get('--seed'),
    trace: flags.has('--trace'),
    scenario: texts.get('--scenario'),
    mutant: texts.get('--mutant'),
    everyMutant: flags.has('--every-mutant'),
    listMutants: flags.has('--list-mutants'),
    listScenarios: flags.has('--list-scenarios'),
    jobs: numbers.get('--jobs') ?? availableParallelism(),
    json: flags.has('--json'),
    noTimeline: flags.has('--no-timeline'),
    untilFound: flags.has('--until-found'),
  }
}

function refuseTwoRanges(numbers: ReadonlyMap<string, number>): void {
  for (const other of ['--seeds', '--from']) {
    if (numbers.has('--seed') && numbers.has(other)) {
      throw new UsageError(`--seed is one seed and ${other} many: give one of the two`)
    }
  }
}

/** Each mutant has scenarios and seeds of its own, in which it is found. */
function refuseBesideEveryMutant(given: readonly string[]): void {
  const allowed = ['--every-mutant', '--jobs', '--json']
  const other = given.find((name) => !allowed.includes(name))
  if (other === undefined) return
  throw new UsageError(`--every-mutant plays what each mutant needs: leave out ${other}`)
}

/** Seeds may be 0; a run of no seeds, or in no process, would prove nothing. */
function whole(name: string, text: string | undefined): number {
  const least = name === '--seeds' || name === '--jobs' ? 1 : 0
  if (text !== undefined && /^[0-9]{1,15}$/.test(text) && Number(text) >= least) {
    return Number(text)
  }
  throw new UsageError(`${name} needs a whole number from ${least} up, not ${text ?? 'nothing'}`)
}

function filled(name: string, text: string | undefined): string {
  if (text === undefined || text === '' || text.startsWith('--')) {
    throw new UsageError(`${name} needs a name`)
  }
  return text
}

/** With the nearest known one, or all of them. */
export function unknownName(what: string, name: string, known: readonly string[]): UsageError {
  const near = nearestName(name, known)
  return new UsageError(
    `unknown ${what} ${name}${near === undefined ? `; known: ${known.join(', ')}` : `, did you mean ${near}?`}`,
  )
}
