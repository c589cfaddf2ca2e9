/** `npm run sim`: seeded histories of a fleet in virtual time, each judged by the rules of reliability.md. */
import { monotonicMs } from '@millrace/core/internal'
import { parseArguments, type SimArguments, USAGE, UsageError, unknownName } from './arguments.ts'
import { MUTANTS } from './mutants/mutants.ts'
import { runEveryMutant } from './mutants/run-every-mutant.ts'
import { MutantNotAppliedError, runMutant } from './mutants/run-mutant.ts'
import { showFailure } from './report/show-failure.ts'
import { timelineOf } from './report/timeline.ts'
import { isTold, traceEvents } from './report/trace-events.ts'
import { type HistoryFact, runSeeds, type SeedRange } from './run-seeds.ts'
import { runSeed, type Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'
import { runInProcesses } from './seed-pool.ts'
import { holds, type SimSummary, summaryOf } from './summary.ts'
import { tellOf } from './tell-summary.ts'

const HELD = 0
const VIOLATED = 1
const WRONG_USE = 2
/** Not 1: a mutant that changes nothing must not pass for one that was found. */
const NOT_APPLIED = 3

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`)
}

function scenariosOf({ scenario }: SimArguments): readonly Scenario[] {
  if (scenario === undefined) return SCENARIOS
  const found = SCENARIOS.find(({ name }) => name === scenario)
  if (found !== undefined) return [found]
  const known = SCENARIOS.map(({ name }) => name)
  throw unknownName('scenario', scenario, known)
}

async function runMany(given: SimArguments): Promise<number> {
  const range = {
    from: given.seed ?? given.from,
    seeds: given.seed === undefined ? given.seeds : 1,
  }
  const beganMs = monotonicMs()
  const facts = await factsOf(scenariosOf(given), range, given)
  const seedsPerSecond = range.seeds / ((monotonicMs() - beganMs) / 1000)
  const isWhole = given.scenario === undefined
  const summary = summaryOf(facts, { seeds: range.seeds, isWhole })
  const [first] = summary.found
  if (first !== undefined && !given.noTimeline) {
    // The last line of stdout is the JSON, and nothing else is worth a parser's while.
    await showFailure(first, SCENARIOS, given.json ? complain : say)
  }
  report(summary, seedsPerSecond, given)
  return holds(summary) ? HELD : VIOLATED
}

async function factsOf(
  scenarios: readonly Scenario[],
  range: SeedRange,
  { jobs, json, untilFound }: SimArguments,
): Promise<readonly HistoryFact[]> {
  let histories = 0
  const onFacts = (facts: readonly HistoryFact[]): void => {
    for (const { rule, message, atMs, scenario, seed } of facts.flatMap((f) => f.violations)) {
      say(`${scenario} seed ${seed}: ${rule} at ${atMs.toFixed(0)} ms: ${message}`)
    }
    const before = histories
    histories += facts.length
    if (!json && Math.floor(before / 100) < Math.floor(histories / 100)) {
      say(`... ${histories} histories`)
    }
  }
  if (jobs > 1 && !untilFound) return await runInProcesses({ scenarios, range, jobs, onFacts })
  const facts: HistoryFact[] = []
  for await (const fact of runSeeds(scenarios, range)) {
    facts.push(fact)
    onFacts([fact])
    if (untilFound && fact.violations.length > 0) break
  }
  return facts
}

function report(summary: SimSummary, seedsPerSecond: number, given: SimArguments): void {
  const pace = Math.round(seedsPerSecond * 100) / 100
  if (given.json) say(JSON.stringify({ ...summary, seedsPerSecond: pace }))
  else say(tellOf(summary, pace))
}

async function runTraced(given: SimArguments, seed: number): Promise<number> {
  let violated = false
  for (const scenario of scenariosOf(given)) {
    const told: string[] = []
    const result = await runSeed(scenario, seed, (line) => {
      say(line)
      if (isTold(line)) told.push(line)
    })
    violated ||= result.violations.length > 0
    for (const { rule, message, fields } of result.violations) {
      say(`VIOLATION ${rule}: ${message} ${JSON.stringify(fields)}`)
    }
    for (const line of timelineOf(traceEvents(told))) say(line)
    say(`trace hash ${result.traceHash}`)
  }
  return violated ? VIOLATED : HELD
}

async function runMutants({ jobs, json }: SimArguments): Promise<number> {
  const names = MUTANTS.map(({ name }) => name)
  const report = await runEveryMutant(
    names,
    jobs,
    (name, print) => runMutant(name, true, print),
    say,
  )
  const { found, survived, notApplied } = report
  if (json) say(JSON.stringify(report))
  else
    say(`${found.length} mutants found, ${survived.length} not, ${notApplied.length} not applied`)
  if (notApplied.length > 0) return NOT_APPLIED
  return survived.length > 0 ? VIOLATED : HELD
}

async function main(): Promise<number> {
  const given = parseArguments(process.argv.slice(2))
  if (given === undefined) {
    process.stdout.write(USAGE)
    return HELD
  }
  if (given.listMutants) {
    for (const { name } of MUTANTS) say(name)
    return HELD
  }
  if (given.listScenarios) {
    for (const { name, about } of SCENARIOS) say(`${name.padEnd(24)} ${about}`)
    return HELD
  }
  if (given.everyMutant) return await runMutants(given)
  if (given.mutant !== undefined) return await runMutant(given.mutant, given.json, say)
  if (given.trace) return await runTraced(given, given.seed ?? given.from)
  return await runMany(given)
}

try {
  process.exitCode = await main()
} catch (cause) {
  if (!(cause instanceof UsageError || cause instanceof MutantNotAppliedError)) throw cause
  complain(`sim: ${cause.message}`)
  if (cause instanceof UsageError) complain('sim: --help lists the arguments')
  process.exitCode = cause instanceof UsageError ? WRONG_USE : NOT_APPLIED
}
