/**
 * Runs the examples on the built packages: serve, consume, produce, stop.
 * Exit code 0: records went all the way; 1: they did not, and why.
 */
import { join, resolve } from 'node:path'
import { Child } from './child.ts'
import {
  CONSUMER_EXAMPLE,
  MORE_CONSUMERS,
  MORE_PRODUCERS,
  PRODUCER_EXAMPLE,
  QUICK_START_STREAM,
  STANDALONE,
} from './examples.ts'
import { type QuickStart, runQuickStart } from './run-quick-start.ts'

const repository = resolve(import.meta.dirname, '../..')

function example(name: string): readonly string[] {
  return ['--import', 'tsx', join(repository, 'examples', name)]
}

let failed = false

async function run(name: string, parts: Omit<QuickStart, 'cwd' | 'serve'>): Promise<void> {
  const serve = [
    'packages/testing/bin/millrace-testing.js',
    'serve',
    '--stream',
    QUICK_START_STREAM,
  ]
  const problems = await runQuickStart({ cwd: repository, serve, ...parts })
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  process.stdout.write(`${name}: ${problems.length === 0 ? 'ok' : 'FAILED'}\n`)
  failed ||= problems.length > 0
}

async function runStandalone(file: string, prints: RegExp): Promise<void> {
  const child = new Child(example(file), { cwd: repository, env: {}, limitMs: 30_000 })
  const exitCode = await child.exited
  const isWell = exitCode === 0 && prints.test(child.output)
  process.stdout.write(`${child.output}${file}: ${isWell ? 'ok' : 'FAILED'}\n`)
  failed ||= !isWell
}

const jobs: (() => Promise<void>)[] = []
for (const consumer of [CONSUMER_EXAMPLE, ...MORE_CONSUMERS]) {
  const parts = { consumer: example(consumer), producer: example(PRODUCER_EXAMPLE) }
  jobs.push(() => run(consumer, parts))
}
for (const { file, ...expected } of MORE_PRODUCERS) {
  const producer = example(file)
  jobs.push(() => run(file, { consumer: example(CONSUMER_EXAMPLE), producer, ...expected }))
}

/** Most of their time they wait: for a start, a poll, a stop. */
const AT_ONCE = 3

async function work(): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job()
}
await Promise.all(Array.from({ length: AT_ONCE }, work))
// By themselves: they measure.
for (const { file, prints } of STANDALONE) await runStandalone(file, prints)
process.exitCode = failed ? 1 : 0
