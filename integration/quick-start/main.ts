/**
 * Runs the examples on the built packages: serve, consume, produce, stop.
 * Exit code 0: records went all the way; 1: they did not, and why.
 */
import { join, resolve } from 'node:path'
import {
  CONSUMER_EXAMPLE,
  MORE_CONSUMERS,
  PRODUCER_EXAMPLE,
  QUICK_START_STREAM,
} from './examples.ts'
import { runQuickStart } from './run-quick-start.ts'

const repository = resolve(import.meta.dirname, '../..')

function example(name: string): readonly string[] {
  return ['--import', 'tsx', join(repository, 'examples', name)]
}

let failed = false
for (const consumer of [CONSUMER_EXAMPLE, ...MORE_CONSUMERS]) {
  const problems = await runQuickStart({
    cwd: repository,
    serve: ['packages/testing/bin/millrace-testing.js', 'serve', '--stream', QUICK_START_STREAM],
    consumer: example(consumer),
    producer: example(PRODUCER_EXAMPLE),
  })
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  process.stdout.write(`${consumer}: ${problems.length === 0 ? 'ok' : 'FAILED'}\n`)
  failed ||= problems.length > 0
}
process.exitCode = failed ? 1 : 0
