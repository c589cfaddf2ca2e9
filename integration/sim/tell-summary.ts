/** A summary in words, for a person. Pure. */
import { REQUIRED_MARKERS } from './required-markers.ts'
import { replayCommand } from './run-seeds.ts'
import type { SimSummary } from './summary.ts'

export function tellOf(summary: SimSummary, seedsPerSecond: number): string {
  const { histories, virtualHours, violations, traceHash, found } = summary
  const [first] = found
  const lines = [
    `${histories} histories, ${virtualHours} virtual hours, ${seedsPerSecond} seeds a second, ${violations} violations`,
    '',
    ...table('scenario', 'histories', summary.scenarios),
    '',
    ...table('fault', 'injected', summary.faults),
    '',
    ...table('marker', 'reached', summary.markers),
    '',
    `${'bound'.padEnd(44)} ${'longest'.padStart(9)}   limit, virtual ms`,
    ...Object.entries(summary.bounds).map(
      ([id, { maxMs, limitMs, measured }]) =>
        `${`${id}, measured ${measured} times`.padEnd(44)} ${String(maxMs).padStart(9)}   ${limitMs}`,
    ),
    ...summary.boundShortfalls.map((sentence) => `BOUND: ${sentence}`),
    ...summary.missed.map((marker) => `MISSED: ${marker}: ${REQUIRED_MARKERS[marker] ?? ''}`),
    '',
    `regressions run: ${summary.regressions.run.join(' ')}`,
    ...waitingLines(summary.regressions.waiting),
    '',
    `trace hash ${traceHash}`,
  ]
  if (first !== undefined) lines.push(`replay the first: ${replayCommand(first)}`)
  return lines.join('\n')
}

/** One line for each thing that is waited for. */
function waitingLines(waiting: Readonly<Record<string, string>>): string[] {
  const ids = new Map<string, string[]>()
  for (const [id, reason] of Object.entries(waiting)) {
    ids.set(reason, [...(ids.get(reason) ?? []), id])
  }
  return [...ids].map(([reason, waitingIds]) => `${waitingIds.join(' ')} wait for ${reason}`)
}

function table(what: string, how: string, counts: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(counts).map(
    ([name, count]) => `${name.padEnd(44)} ${String(count).padStart(9)}`,
  )
  return [`${what.padEnd(44)} ${how.padStart(9)}`, ...rows]
}
