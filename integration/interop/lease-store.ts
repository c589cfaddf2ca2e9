/** Case lease-store: the suite that judges our lease store, on a DynamoDB that is given by URL. */
import { join, resolve } from 'node:path'
import { runCommand } from '../run-command.ts'
import { AbsentError, type CaseResult, EXIT } from './exit-codes.ts'

const REPOSITORY = resolve(import.meta.dirname, '../..')
const SUITE = join(import.meta.dirname, 'lease-store.mocha.ts')
const LIMIT_MS = 300_000

interface MochaReport {
  readonly stats: { readonly passes: number; readonly failures: number }
  readonly failures: readonly { readonly fullTitle: string; readonly err: { message?: string } }[]
}

/** @throws AbsentError without a server */
export async function runLeaseStore(dynamodbUrl: string | undefined): Promise<CaseResult> {
  if (dynamodbUrl === undefined) {
    throw new AbsentError(
      'a DynamoDB server is absent: name one that runs on this machine with --dynamodb-url',
    )
  }
  const mocha = [
    join(REPOSITORY, 'node_modules/mocha/bin/mocha.js'),
    '--no-config',
    ...['--reporter', 'json', '--timeout', '60000'],
    ...['--node-option', 'import=tsx', '--node-option', 'conditions=@millrace/source'],
    SUITE,
  ]
  const { stdout, stderr } = await runCommand(process.execPath, mocha, {
    cwd: REPOSITORY,
    timeoutMs: LIMIT_MS,
    env: { INTEROP_DYNAMODB_URL: dynamodbUrl },
  })
  return resultOf(stdout, stderr)
}

function resultOf(stdout: string, stderr: string): CaseResult {
  const json = stdout.indexOf('{')
  if (json === -1) return { exitCode: EXIT.inconclusive, summary: stderr, report: { stderr } }
  const { stats, failures } = JSON.parse(stdout.slice(json)) as MochaReport
  const failed = failures.map(({ fullTitle, err }) => `${fullTitle}: ${err.message ?? ''}`)
  const held = stats.failures === 0 && stats.passes > 0
  return {
    exitCode: held ? EXIT.held : EXIT.violated,
    summary: [`${stats.passes} passed, ${stats.failures} failed`, ...failed, ''].join('\n'),
    report: { case: 'lease-store', held, passed: stats.passes, failed },
  }
}
