/** What the real KPL sent for recorded cases, against the recording and against ours. Pure. */
import { createHash } from 'node:crypto'
import { aggregate } from '@millrace/core/aggregation'
import type { Vector, VectorEntry, VectorRecord } from '../harness/kpl-vectors.ts'
import { type CaseResult, EXIT } from './exit-codes.ts'

export interface SeenEntry {
  readonly partitionKey: string
  readonly explicitHashKey: string
  readonly data: Uint8Array
}

export interface VectorOutcome {
  readonly name: string
  readonly held: boolean
  readonly tries: number
  readonly entries: number
  readonly sameAsRecorded: boolean
  readonly sameAsOurs: boolean
}

const MIB = 1024 * 1024
const SAMPLE_MAX_RECORDS = 150
const SAMPLE_MAX_BYTES = 256 * 1024

/** Longer and larger cases take long, or do not reach the native child in order. */
export function isInSample({ records }: Vector): boolean {
  const bytes = records.reduce((sum, { data }) => sum + data.length, 0)
  return records.length <= SAMPLE_MAX_RECORDS && bytes <= SAMPLE_MAX_BYTES
}

/** Entries are compared as a set: shards take turns as they like. */
export function compareVector(
  vector: Vector,
  seen: readonly SeenEntry[],
  tries: number,
): VectorOutcome {
  const prints = sortedPrints(seen.map((entry) => printOf(entry, entry.data)))
  const recorded = sortedPrints(vector.entries.map((entry) => printOf(entry, entry)))
  const ours = sortedPrints(vector.entries.map((entry) => ourPrint(vector, entry)))
  const sameAsRecorded = prints === recorded
  const sameAsOurs = prints === ours
  return {
    name: vector.name,
    held: sameAsRecorded && sameAsOurs,
    tries,
    entries: seen.length,
    sameAsRecorded,
    sameAsOurs,
  }
}

export function judgeKplVectors(outcomes: readonly VectorOutcome[]): CaseResult {
  const differing = outcomes.filter(({ held }) => !held)
  const entries = outcomes.reduce((sum, outcome) => sum + outcome.entries, 0)
  const held = differing.length === 0 && outcomes.length > 0
  return {
    exitCode: held ? EXIT.held : EXIT.violated,
    summary: [
      `${outcomes.length} cases, ${entries} entries of KPL 1.0.7: ${differing.length} cases differ`,
      ...differing.map(
        ({ name, sameAsRecorded, sameAsOurs }) =>
          `${name}: as recorded ${sameAsRecorded}, as ours ${sameAsOurs}`,
      ),
      '',
    ].join('\n'),
    report: { case: 'kpl-vectors', held, cases: outcomes.length, entries, differing },
  }
}

/** Ours, given which user records go together: that is KPL's own business. */
function ourPrint(vector: Vector, { input }: VectorEntry): string {
  const members = input.map((i) => vector.records[i] as VectorRecord)
  const made = aggregate(members, { maxBytes: 10 * MIB, maxRecordBytes: 10 * MIB })
  return made.map((entry) => printOf(entry, entry.data)).join(' and ')
}

type Data = Uint8Array | Pick<VectorEntry, 'dataBase64' | 'dataBytes' | 'dataSha256'>

function printOf({ partitionKey, explicitHashKey }: Omit<SeenEntry, 'data'>, data: Data): string {
  return JSON.stringify([partitionKey, explicitHashKey, digestOf(data)])
}

function digestOf(data: Data): string | undefined {
  if (data instanceof Uint8Array) return createHash('sha256').update(data).digest('hex')
  if (data.dataBase64 === undefined) return data.dataSha256
  return digestOf(Buffer.from(data.dataBase64, 'base64'))
}

function sortedPrints(prints: readonly string[]): string {
  return prints.toSorted().join('\n')
}
