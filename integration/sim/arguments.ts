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
  readonly listMutants: boolean
  readonly listScenarios: boolean
  /** Processes that share the seeds. */
  readonly jobs: number
  readonly json: boolean
  /** Leaves out the timeline of the first failure, which plays it again. */
  readonly noTimeline: boolean
}

export class UsageError extends Error {}

const NUMBERS = ['--seeds', '--from', '--seed', '--jobs'] as const
const TEXTS = ['--scenario', '--mutant'] as const
const FLAGS = [
  ...(['--trace', '--json', '--no-timeline'] as const),
  ...(['--list-mutants', '--list-scenarios'] as const),
] as const
export const DEFAULT_SEEDS = 200

/** @throws UsageError */
export function parseArguments(given: readonly string[]): SimArguments {
  const numbers = new Map<string, number>()
  const texts = new Map<string, string>()
  const flags = new Set<string>()
  for (let i = 0; i < given.length; i++) {
    const name = given[i] ?? ''
    if ((FLAGS as readonly string[]).includes(name)) flags.add(name)
    else if ((NUMBERS as readonly string[]).includes(name))
      numbers.set(name, whole(name, given[++i]))
    else if ((TEXTS as readonly string[]).includes(name)) texts.set(name, filled(name, given[++i]))
    else throw unknown(name)
  }
  return {
    seeds: numbers.get('--seeds') ?? DEFAULT_SEEDS,
    from: numbers.get('--from') ?? 1,
    seed: numbers.get('--seed'),
    trace: flags.has('--trace'),
    scenario: texts.get('--scenario'),
    mutant: texts.get('--mutant'),
    listMutants: flags.has('--list-mutants'),
    listScenarios: flags.has('--list-scenarios'),
    jobs: Math.max(1, numbers.get('--jobs') ?? availableParallelism()),
    json: flags.has('--json'),
    noTimeline: flags.has('--no-timeline'),
  }
}

function whole(name: string, text: string | undefined): number {
  const number = Number(text)
  if (text === undefined || !Number.isSafeInteger(number) || number < 0) {
    throw new UsageError(`${name} needs a whole number, not ${text ?? 'nothing'}`)
  }
  return number
}

function filled(name: string, text: string | undefined): string {
  if (text === undefined || text.startsWith('--')) throw new UsageError(`${name} needs a name`)
  return text
}

function unknown(name: string): UsageError {
  const near = nearestName(name, [...NUMBERS, ...TEXTS, ...FLAGS])
  return new UsageError(
    `unknown argument ${name}${near === undefined ? '' : `, did you mean ${near}?`}`,
  )
}
