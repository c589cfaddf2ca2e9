/** `npm run sim`: seeded histories of a fleet in virtual time, each judged by the rules of reliability.md. */
import { parseArguments, type SimArguments, UsageError } from './arguments.ts'
import { MUTANTS } from './mutants/mutants.ts'
import { MutantNotAppliedError, runMutant } from './mutants/run-mutant.ts'
import { runSeeds, type SimSummary } from './run-seeds.ts'
import { runSeed, SCENARIOS, type Scenario } from './scenarios.ts'

const HELD = 0
const VIOLATED = 1
const USAGE = 2

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function scenariosOf({ scenario }: SimArguments): readonly Scenario[] {
  if (scenario === undefined) return SCENARIOS
  const found = SCENARIOS.find(({ name }) => name === scenario)
  if (found !== undefined) return [found]
  throw new UsageError(
    `unknown scenario ${scenario}; known: ${SCENARIOS.map(({ name }) => name).join(', ')}`,
  )
}

async function runMany(given: SimArguments): Promise<number> {
  const range = {
    from: given.seed ?? given.from,
    seeds: given.seed === undefined ? given.seeds : 1,
  }
  const summary = await runSeeds(scenariosOf(given), range, (scenario, seed, result) => {
    for (const { rule, message, atMs } of result.violations) {
      say(`${scenario.name} seed ${seed}: ${rule} at ${atMs.toFixed(0)} ms: ${message}`)
    }
    if (!given.json && seed % 25 === 0 && scenario === SCENARIOS[0]) say(`... seed ${seed}`)
  })
  report(summary, given)
  return summary.violations.length === 0 ? HELD : VIOLATED
}

function report(summary: SimSummary, given: SimArguments): void {
  if (given.json) {
    say(
      JSON.stringify({
        ...summary,
        violations: summary.violations.length,
        found: summary.violations,
      }),
    )
    return
  }
  say(
    `${summary.histories} histories, ${summary.virtualHours} virtual hours, ${summary.violations.length} violations`,
  )
  say(`trace hash ${summary.traceHash}`)
  if (summary.violations.length > 0)
    say('replay one: npm run sim -- --scenario NAME --seed N --trace')
}

async function runTraced(given: SimArguments, seed: number): Promise<number> {
  let violated = false
  for (const scenario of scenariosOf(given)) {
    const result = await runSeed(scenario, seed, say)
    violated ||= result.violations.length > 0
    for (const { rule, message, fields } of result.violations) {
      say(`VIOLATION ${rule}: ${message} ${JSON.stringify(fields)}`)
    }
    say(`trace hash ${result.traceHash}`)
  }
  return violated ? VIOLATED : HELD
}

async function main(): Promise<number> {
  const given = parseArguments(process.argv.slice(2))
  if (given.listMutants) {
    for (const { name } of MUTANTS) say(name)
    return HELD
  }
  if (given.mutant !== undefined) return await runMutant(given.mutant, given.json, say)
  if (given.trace) return await runTraced(given, given.seed ?? given.from)
  return await runMany(given)
}

try {
  process.exitCode = await main()
} catch (cause) {
  if (!(cause instanceof UsageError || cause instanceof MutantNotAppliedError)) throw cause
  process.stderr.write(`sim: ${cause.message}\n`)
  process.exitCode = cause instanceof UsageError ? USAGE : VIOLATED
}
