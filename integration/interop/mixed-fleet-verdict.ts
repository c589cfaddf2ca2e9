/** What was seen of a mixed fleet -> held, violated or not shown. Pure. */
import { type Account, holds } from '../demo/account.ts'
import { seconds } from '../demo/words.ts'
import { type CaseResult, EXIT, type ExitCode } from './exit-codes.ts'
import type { Crossings } from './table-view.ts'

export interface StepFact {
  readonly what: string
  /** null: it did not come about within its limit. */
  readonly tookMs: number | null
}

export interface FleetFacts {
  readonly account: Account
  readonly steps: readonly StepFact[]
  readonly leaders: readonly string[]
  readonly crossings: Crossings
  /** For each kill, how long the slowest of the killed worker's shards stood still. */
  readonly takeoverMs: readonly (number | null)[]
  /** Process id -> records. */
  readonly deliveredBy: Readonly<Record<string, number>>
  /** Lines in which a Java worker says that it could not read a row. */
  readonly unreadable: readonly string[]
  readonly javaComplaints: number
  readonly troubles: readonly string[]
}

export function judgeMixedFleet(facts: FleetFacts): CaseResult {
  const broken = brokenPromises(facts)
  const exitCode = exitCodeOf(broken, facts.troubles)
  return {
    exitCode,
    summary: summaryOf(facts, broken),
    report: { case: 'mixed-fleet', held: exitCode === EXIT.held, broken, ...facts },
  }
}

function exitCodeOf(broken: readonly string[], troubles: readonly string[]): ExitCode {
  if (broken.length > 0) return EXIT.violated
  return troubles.length > 0 ? EXIT.inconclusive : EXIT.held
}

function brokenPromises(facts: FleetFacts): readonly string[] {
  const { account, crossings, steps, unreadable } = facts
  const broken: string[] = []
  if (!holds(account)) {
    const { missing, corrupt, childBeforeParent, checkpointRegressions } = account
    broken.push(
      `the account: ${JSON.stringify({ missing, corrupt, childBeforeParent, checkpointRegressions })}`,
    )
  }
  if (account.acked === 0) broken.push('no record was put')
  for (const { what, tookMs } of steps) if (tookMs === null) broken.push(`did not happen: ${what}`)
  if (crossings.javaToMillrace === 0) broken.push('leadership never passed from Java to Millrace')
  if (crossings.millraceToJava === 0) broken.push('leadership never passed from Millrace to Java')
  if (unreadable.length > 0) broken.push(`Java could not read ${unreadable.length} times`)
  return broken
}

function summaryOf(facts: FleetFacts, broken: readonly string[]): string {
  const { account, crossings, leaders, takeoverMs, troubles, unreadable } = facts
  const lines = [
    `  put          ${account.acked}`,
    `  delivered    ${account.unique}, and ${account.duplicates} once more`,
    `  missing      ${account.missing}`,
    `  corrupt      ${account.corrupt}`,
    `  backwards    ${account.checkpointRegressions} checkpoints`,
    `  killed       ${account.kills}, the last shard taken over after ${takeoverMs.map(told).join(' and ')}`,
    `  leaders      ${leaders.join(' -> ')}`,
    `  crossings    ${crossings.javaToMillrace} from Java to Millrace, ${crossings.millraceToJava} back`,
    `  Java logs    ${unreadable.length} rows that could not be read`,
    ...unreadable.map((line) => `    ${line}`),
    ...troubles.map((trouble) => `  trouble      ${trouble}`),
    ...broken.map((promise) => `  BROKEN       ${promise}`),
  ]
  return ['', ...lines, '', broken.length === 0 ? 'HELD' : 'VIOLATED', ''].join('\n')
}

function told(takeoverMs: number | null): string {
  return takeoverMs === null ? 'nothing seen' : seconds(takeoverMs)
}
