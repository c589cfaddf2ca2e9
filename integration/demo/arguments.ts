/** Command line -> what to demonstrate. Pure. */
import { nearestName } from '@millrace/core/internal'
import { SABOTAGES, type Sabotage } from './sabotage.ts'
import { STYLES, type Style } from './styles.ts'

const DEFAULT_STYLE: Style = 'record'

export const USAGE = `Usage: npm run demo -- [--input FILE.ndjson --key FIELD] [--records N] [--workers N] [--shards N]
                    [--style ${STYLES.join('|')}]
                    [--sabotage ${SABOTAGES.join('|')}] [--json]

  --input FILE.ndjson  records to put, one JSON object a line (default: 20,000 flights)
  --key FIELD          field of each object that is its partition key
  --records N          put N records: the first N, or the input again and again
  --workers N          worker processes (default 3); the last one joins when the others are at work
  --shards N           shards at the start (default 4, more for a large input)
  --style NAME         how the workers handle records (default ${DEFAULT_STYLE})
  --sabotage NAME      make a worker lose, corrupt or double one record: the account must notice
  --json               the result as one JSON object on stdout; progress goes to stderr
`

export interface DemoOptions {
  /** The flights when absent. */
  readonly input: { readonly file: string; readonly key: string } | undefined
  readonly records: number | undefined
  readonly workers: number
  readonly shards: number | undefined
  readonly style: Style
  readonly sabotage: Sabotage | undefined
  readonly json: boolean
}

export type Command =
  | { readonly kind: 'run'; readonly options: DemoOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage-error'; readonly message: string }

const VALUED = ['input', 'key', 'records', 'workers', 'shards', 'style', 'sabotage'] as const
type Valued = (typeof VALUED)[number]
const FLAGS = [...VALUED, 'json', 'help']
const DEFAULT_WORKERS = 3
const MOST = { records: 1_000_000, workers: 32, shards: 64 } as const

class UsageError extends Error {}

export function parseCommand(argv: readonly string[]): Command {
  try {
    const given = readFlags(argv)
    return given.has('help') ? { kind: 'help' } : { kind: 'run', options: optionsOf(given) }
  } catch (cause) {
    if (cause instanceof UsageError) return { kind: 'usage-error', message: cause.message }
    throw cause
  }
}

function readFlags(argv: readonly string[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? ''
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(argument)
    if (match === null) throw new UsageError(`unexpected argument ${JSON.stringify(argument)}`)
    const [, name = '', inline] = match
    if (!FLAGS.includes(name)) throw new UsageError(unknownFlag(name))
    if (given.has(name)) throw new UsageError(`--${name} is given twice`)
    if (!isValued(name)) {
      if (inline !== undefined) throw new UsageError(`--${name} takes no value`)
      given.set(name, '')
      continue
    }
    const value = inline ?? argv[++i]
    if (value === undefined || value === '') throw new UsageError(`--${name} needs a value`)
    given.set(name, value)
  }
  return given
}

function isValued(name: string): name is Valued {
  return (VALUED as readonly string[]).includes(name)
}

function unknownFlag(name: string): string {
  const near = nearestName(name, FLAGS)
  const hint = near === undefined ? '' : `; did you mean --${near}?`
  return `unknown option --${name}${hint}`
}

function optionsOf(given: ReadonlyMap<string, string>): DemoOptions {
  const file = given.get('input')
  const key = given.get('key')
  if (file !== undefined && key === undefined) {
    throw new UsageError('--input needs --key FIELD: which field of each line is the partition key')
  }
  if (key !== undefined && file === undefined) {
    throw new UsageError('--key needs --input FILE.ndjson: the flights have a key already')
  }
  return {
    input: file === undefined || key === undefined ? undefined : { file, key },
    records: count(given, 'records'),
    workers: count(given, 'workers') ?? DEFAULT_WORKERS,
    shards: count(given, 'shards'),
    style: oneOf('style', STYLES, given) ?? DEFAULT_STYLE,
    sabotage: oneOf('sabotage', SABOTAGES, given),
    json: given.has('json'),
  }
}

function count(given: ReadonlyMap<string, string>, name: keyof typeof MOST): number | undefined {
  const text = given.get(name)
  if (text === undefined) return undefined
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
  if (value >= 1 && value <= MOST[name]) return value
  throw new UsageError(
    `--${name} is ${JSON.stringify(text)}: use a whole number from 1 to ${MOST[name]}`,
  )
}

function oneOf<Name extends string>(
  flag: Valued,
  names: readonly Name[],
  given: ReadonlyMap<string, string>,
): Name | undefined {
  const name = given.get(flag)
  if (name === undefined) return undefined
  const found = names.find((one) => one === name)
  if (found !== undefined) return found
  throw new UsageError(`--${flag} is ${JSON.stringify(name)}: use one of ${names.join(', ')}`)
}
