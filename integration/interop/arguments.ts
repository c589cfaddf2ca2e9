/** Command line -> which case to run. Pure. */
import { nearestName } from '@millrace/core/internal'

export const CASES = ['mixed-fleet', 'lease-store', 'kpl-vectors'] as const
export type Case = (typeof CASES)[number]

export const USAGE = `Usage: npm run interop -- [--case ${CASES.join('|')}] [--dynamodb-url URL] [--json]

  --case NAME         mixed-fleet (default): Java KCL and Millrace workers share one lease table;
                      lease-store: the lease store's promises on the DynamoDB at --dynamodb-url;
                      kpl-vectors: Java KPL sends recorded cases again, bytes are compared
  --dynamodb-url URL  a DynamoDB server on this machine to keep the leases in
                      (mixed-fleet without it: dynalite, started for the run)
  --json              the result as one JSON object on stdout; progress goes to stderr
`

export interface InteropOptions {
  readonly case: Case
  readonly dynamodbUrl: string | undefined
  readonly json: boolean
}

export type Command =
  | { readonly kind: 'run'; readonly options: InteropOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage-error'; readonly message: string }

const FLAGS = ['case', 'dynamodb-url', 'json', 'help']
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

export function parseCommand(argv: readonly string[]): Command {
  let name: Case = 'mixed-fleet'
  let dynamodbUrl: string | undefined
  let json = false
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] ?? ''
    switch (argument) {
      case '--help':
        return { kind: 'help' }
      case '--json':
        json = true
        break
      case '--case': {
        const given = argv[++i]
        const found = CASES.find((one) => one === given)
        if (found === undefined) return wrong(`--case is one of ${CASES.join(', ')}`)
        name = found
        break
      }
      case '--dynamodb-url':
        dynamodbUrl = argv[++i]
        if (!isLoopback(dynamodbUrl)) {
          return wrong('--dynamodb-url is an http:// address of this machine')
        }
        break
      default:
        return wrong(unknownArgument(argument))
    }
  }
  return { kind: 'run', options: { case: name, dynamodbUrl, json } }
}

/** Tables are made and written to: never in an account that somebody pays for. */
function isLoopback(text: string | undefined): boolean {
  if (text === undefined || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'http:' && LOOPBACK.includes(hostname)
}

function unknownArgument(argument: string): string {
  const near = nearestName(argument.replace(/^--/, ''), FLAGS)
  const hint = near === undefined ? '' : `; did you mean --${near}?`
  return `unknown argument ${JSON.stringify(argument)}${hint}`
}

function wrong(message: string): Command {
  return { kind: 'usage-error', message }
}
