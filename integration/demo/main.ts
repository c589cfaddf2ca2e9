/**
 * The main job in one command: local Kinesis and DynamoDB, a producer, a fleet of workers, a kill, a
 * split and a merge while records flow, and the account that nothing is missing.
 * Exit code 0: the promises held; 1: one was broken; 2: wrong use; 3: something needed is absent;
 * 4: the run could not show what it was to show; 130: interrupted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { holds } from './account.ts'
import { type DemoOptions, parseCommand, USAGE } from './arguments.ts'
import { ProcessLostError } from './fleet.ts'
import { FlightsMissingError, loadInput } from './input.ts'
import { limited, pacingOf } from './pacing.ts'
import { InputError } from './parse-input.ts'
import { runDemo } from './run-demo.ts'
import { Screen } from './screen.ts'
import { summaryOf } from './summary.ts'

const EXIT = {
  held: 0,
  violated: 1,
  usage: 2,
  absent: 3,
  inconclusive: 4,
  interrupted: 130,
} as const

process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv)
  if (command.kind === 'help') {
    process.stdout.write(USAGE)
    return EXIT.held
  }
  if (command.kind === 'usage-error') return complain(EXIT.usage, `${command.message}\n\n${USAGE}`)
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort())
  try {
    return await demonstrate(command.options, interrupted.signal)
  } catch (cause) {
    if (interrupted.signal.aborted) return complain(EXIT.interrupted, 'interrupted\n')
    if (cause instanceof InputError) return complain(EXIT.usage, `${cause.message}\n`)
    if (cause instanceof FlightsMissingError) return complain(EXIT.absent, `${cause.message}\n`)
    if (cause instanceof ProcessLostError) return complain(EXIT.inconclusive, `${cause.message}\n`)
    // A promise was not seen to be broken: this is the demo's own failure.
    return complain(EXIT.inconclusive, `${cause instanceof Error ? cause.stack : String(cause)}\n`)
  }
}

async function demonstrate(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const records = limited(loadInput(options.input), options.records)
  const pacing = pacingOf(records, options.shards)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'))
  const screen = new Screen(options.json ? process.stderr : process.stdout)
  try {
    const run = { options, pacing, records: records.length, folder, screen, signal }
    const { account, story, troubles } = await runDemo(run)
    screen.say(summaryOf(account, story))
    for (const trouble of troubles) process.stderr.write(`demo: ${trouble}\n`)
    if (options.json) process.stdout.write(`${JSON.stringify(account)}\n`)
    if (!holds(account)) return EXIT.violated
    return troubles.length === 0 ? EXIT.held : EXIT.inconclusive
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function complain(exitCode: number, message: string): number {
  process.stderr.write(`demo: ${message}`)
  return exitCode
}
