/**
 * Millrace beside the real Java KCL and KPL. Exit code 0: what the case promises held; 1: it did not;
 * 2: wrong use; 3: something needed is absent, and named; 4: the run could not show it;
 * 130: interrupted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProcessLostError } from '../demo/fleet.ts'
import { FlightsMissingError } from '../demo/input.ts'
import { type InteropOptions, parseCommand, USAGE } from './arguments.ts'
import {
  AbsentError,
  type CaseResult,
  EXIT,
  type ExitCode,
  InconclusiveError,
} from './exit-codes.ts'
import { javaWorkerProject } from './java-worker.ts'
import { runKplVectors } from './kpl-vectors.ts'
import { runLeaseStore } from './lease-store.ts'
import { runMixedFleet } from './mixed-fleet.ts'
import { judgeMixedFleet } from './mixed-fleet-verdict.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<ExitCode> {
  const command = parseCommand(argv)
  if (command.kind === 'help') {
    process.stdout.write(USAGE)
    return EXIT.held
  }
  if (command.kind === 'usage-error') return complain(EXIT.usage, `${command.message}\n\n${USAGE}`)
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort())
  const { options } = command
  const out = options.json ? process.stderr : process.stdout
  try {
    const result = await runCase(options, interrupted.signal, (line) => out.write(`${line}\n`))
    out.write(result.summary)
    if (options.json) process.stdout.write(`${JSON.stringify(result.report)}\n`)
    return result.exitCode
  } catch (cause) {
    if (interrupted.signal.aborted) return complain(EXIT.interrupted, 'interrupted\n')
    if (cause instanceof AbsentError || cause instanceof FlightsMissingError) {
      return complain(EXIT.absent, `${cause.message}\n`)
    }
    if (cause instanceof InconclusiveError || cause instanceof ProcessLostError) {
      return complain(EXIT.inconclusive, `${cause.message}\n`)
    }
    return complain(EXIT.inconclusive, `${cause instanceof Error ? cause.stack : String(cause)}\n`)
  }
}

async function runCase(
  options: InteropOptions,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<CaseResult> {
  if (options.case === 'lease-store') return await runLeaseStore(options.dynamodbUrl)
  if (options.case === 'kpl-vectors') return await runKplVectors(say, signal)
  say('building the Java worker')
  await javaWorkerProject.build()
  const folder = mkdtempSync(join(tmpdir(), 'millrace-interop-'))
  let keep = true
  try {
    const facts = await runMixedFleet({ dynamodbUrl: options.dynamodbUrl, folder, signal, say })
    const result = judgeMixedFleet(facts)
    keep = result.exitCode !== EXIT.held
    return result
  } finally {
    if (keep) process.stderr.write(`interop: journals and logs are in ${folder}\n`)
    else rmSync(folder, { recursive: true, force: true })
  }
}

function complain(exitCode: ExitCode, message: string): ExitCode {
  process.stderr.write(`interop: ${message}`)
  return exitCode
}
