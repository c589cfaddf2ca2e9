/**
 * Runs the examples on the built packages: serve, consume, produce, stop.
 * Exit code 0: records went all the way; 1: they did not, and why.
 */
import { join, resolve } from 'node:path'
import { CONSUMER_EXAMPLE, PRODUCER_EXAMPLE, QUICK_START_STREAM } from './examples.ts'
import { runQuickStart } from './run-quick-start.ts'

const repository = resolve(import.meta.dirname, '../..')

function example(name: string): readonly string[] {
  return ['--import', 'tsx', join(repository, 'examples', name)]
}

const problems = await runQuickStart({
  cwd: repository,
  serve: ['packages/testing/bin/millrace-testing.js', 'serve', '--stream', QUICK_START_STREAM],
  consumer: example(CONSUMER_EXAMPLE),
  producer: example(PRODUCER_EXAMPLE),
})
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.stdout.write(`quick start: ${problems.length === 0 ? 'ok' : 'FAILED'}\n`)
process.exitCode = problems.length === 0 ? 0 : 1
