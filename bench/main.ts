/**
 * `npm run bench -- [--only NAME] [--check] [--json]`. Without --check floors are shown, not
 * enforced. Exit codes: 0 held, 1 violated, 2 usage, 3 a prerequisite is absent, 4 inconclusive.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { nearestName } from '@millrace/core/internal'
import { PrerequisiteAbsentError } from './benchmark.ts'
import type { CountResult } from './count.ts'
import { GROUPS } from './groups.ts'
import { measure } from './measure.ts'
import { EXIT_CODES, linesOf, linesOfCount, verdictOf } from './report.ts'
import type { BenchmarkResult } from './rounds.ts'

const USAGE = `Usage: npm run bench -- [--only ${GROUPS.map(({ name }) => name).join('|')}] [--check] [--json]`
const EXIT_USAGE = 2
const EXIT_PREREQUISITE_ABSENT = 3

interface Arguments {
  readonly only: string | undefined
  readonly check: boolean
  readonly json: boolean
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`)
}

function readArguments(): Arguments | undefined {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        check: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    })
    const names = GROUPS.map(({ name }) => name)
    if (values.only === undefined || names.includes(values.only)) {
      return { only: values.only, check: values.check, json: values.json }
    }
    const near = nearestName(values.only, names)
    complain(`No benchmark ${values.only}${near === undefined ? '' : `; did you mean ${near}?`}`)
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error))
  }
  complain(USAGE)
  return undefined
}

async function main(): Promise<number> {
  const given = readArguments()
  if (given === undefined) return EXIT_USAGE
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length }
  print(`Node ${machine.node}, ${machine.cpus} x ${machine.cpu}; CPU time of one operation`)
  const results: BenchmarkResult[] = []
  const counts: CountResult[] = []
  const tell = (result: BenchmarkResult): void => {
    results.push(result)
    for (const line of linesOf(result)) print(line)
  }
  for (const group of GROUPS) {
    if (given.only !== undefined && given.only !== group.name) continue
    for (const benchmark of group.build?.() ?? []) {
      tell(await measure(benchmark))
    }
    for await (const result of group.measure?.() ?? []) tell(result)
    for (const counted of (await group.count?.()) ?? []) {
      counts.push(counted)
      for (const line of linesOfCount(counted)) print(line)
    }
  }
  const verdict = verdictOf(results, counts)
  if (given.json) print(JSON.stringify({ verdict, machine, benchmarks: results, counts }))
  else print(verdict)
  return given.check ? EXIT_CODES[verdict] : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof PrerequisiteAbsentError)) throw error
  complain(error.message)
  process.exitCode = EXIT_PREREQUISITE_ABSENT
}
