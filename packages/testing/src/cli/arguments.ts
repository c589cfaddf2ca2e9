/** Command line -> what to do. Pure. */
import { parseArgs } from 'node:util'
import type { LocalKinesisOptions, LocalStream } from '../local-kinesis.ts'

export const USAGE = `Usage: millrace-testing serve [--port N] [--dynamodb-port N] [--stream NAME:SHARDS]... [--no-limits]

Starts an embedded Kinesis and DynamoDB. The first line on stdout is {"kinesis":URL,"dynamodb":URL}.

  --port N              TCP port of Kinesis (default: a free one)
  --dynamodb-port N     TCP port of DynamoDB (default: a free one)
  --stream NAME:SHARDS  create this stream first; may be given more than once
  --no-limits           never throttle
`

export type Command =
  | { readonly kind: 'serve'; readonly options: LocalKinesisOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage-error'; readonly message: string }

export function parseCommand(argv: readonly string[]): Command {
  try {
    return readCommand(argv)
  } catch (error) {
    // parseArgs throws for what it does not know, and says so well.
    return usageError(error instanceof Error ? error.message : String(error))
  }
}

function readCommand(argv: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      'dynamodb-port': { type: 'string' },
      stream: { type: 'string', multiple: true },
      tls: { type: 'boolean' },
      'no-limits': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return { kind: 'help' }
  const [command, ...rest] = positionals
  if (command === undefined) return usageError('no command was given')
  if (command !== 'serve') return usageError(`unknown command ${JSON.stringify(command)}`)
  if (rest.length > 0) return usageError(`unexpected argument ${JSON.stringify(rest[0])}`)
  if (values.tls) return usageError('--tls is not available in this version: leave it out')
  return {
    kind: 'serve',
    options: {
      port: portOf('--port', values.port),
      dynamodbPort: portOf('--dynamodb-port', values['dynamodb-port']),
      streams: (values.stream ?? []).map(streamOf),
      limits: !values['no-limits'],
    },
  }
}

function portOf(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined
  if (/^\d{1,5}$/.test(given) && Number(given) <= 65_535) return Number(given)
  throw new Error(`${flag} takes a port from 0 to 65535, not ${JSON.stringify(given)}`)
}

function streamOf(given: string): LocalStream {
  const match = /^([a-zA-Z0-9_.-]{1,128}):([1-9]\d{0,4})$/.exec(given)
  if (match?.[1] !== undefined) return { name: match[1], shardCount: Number(match[2]) }
  throw new Error(`--stream takes NAME:SHARDS such as orders:2, not ${JSON.stringify(given)}`)
}

function usageError(message: string): Command {
  return { kind: 'usage-error', message }
}
