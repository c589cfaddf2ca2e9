/** The shell of the command line tool: streams, signals, exit codes. */
import { KinesisError } from '@millrace/core'
import { type LocalKinesis, startLocalKinesis } from '../local-kinesis.ts'
import { parseCommand, USAGE } from './arguments.ts'

const OK = 0
const USAGE_ERROR = 2
const CANNOT_START = 3

/** Resolves with the exit code; for `serve`, after SIGINT or SIGTERM and a clean close. */
export async function runCli(argv: readonly string[] = process.argv.slice(2)): Promise<number> {
  const command = parseCommand(argv)
  switch (command.kind) {
    case 'help':
      process.stdout.write(USAGE)
      return OK
    case 'usage-error':
      process.stderr.write(`millrace-testing: ${command.message}\n\n${USAGE}`)
      return USAGE_ERROR
    case 'serve':
      try {
        return await serveUntilSignal(await startLocalKinesis(command.options))
      } catch (error) {
        process.stderr.write(`millrace-testing: ${describe(error)}\n`)
        return CANNOT_START
      }
  }
}

async function serveUntilSignal(local: LocalKinesis): Promise<number> {
  const signalled = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  const urls = { kinesis: local.kinesisUrl, dynamodb: local.dynamodbUrl }
  process.stdout.write(`${JSON.stringify(urls)}\n`)
  await signalled
  await local.close()
  return OK
}

function describe(error: unknown): string {
  return KinesisError.isKinesisError(error) ? `${error.message}. ${error.hint}` : String(error)
}
