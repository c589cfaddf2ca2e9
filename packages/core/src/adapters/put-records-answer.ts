/** Pure: the result of PutRecords, CBOR or JSON -> its output. */
import { readCbor } from '../cbor/cbor-reader.ts'
import type { PutRecordsOutput, PutRecordsResultEntry } from '../ports/kinesis.ts'
import { isMap, type OutputReader, type Tree } from './aws-answer.ts'
import { answered } from './sdk-call.ts'

export const putRecordsOutput: OutputReader<PutRecordsOutput> = {
  fromCbor: (body) => {
    const tree = readCbor(body)
    return isMap(tree) ? outputOf(tree) : undefined
  },
  fromTree: outputOf,
}

function outputOf(tree: Tree): PutRecordsOutput | undefined {
  const records = answered('PutRecords', 'Records', tree['Records'])
  const entries = Array.isArray(records) ? entriesOf(records) : undefined
  if (entries === undefined) return undefined
  const failed = tree['FailedRecordCount']
  return { FailedRecordCount: typeof failed === 'number' ? failed : 0, Records: entries }
}

/** As they came where they are as they should be, which is always, at the service. */
function entriesOf(records: readonly unknown[]): readonly PutRecordsResultEntry[] | undefined {
  let hasNulls = false
  for (const record of records) {
    if (!isMap(record)) return undefined
    for (const name of RESULT_NAMES) {
      const member = record[name]
      if (member === null) hasNulls = true
      else if (member !== undefined && typeof member !== 'string') return undefined
    }
  }
  const entries = records as readonly PutRecordsResultEntry[]
  return hasNulls ? entries.map(withoutNulls) : entries
}

const RESULT_NAMES = ['SequenceNumber', 'ShardId', 'ErrorCode', 'ErrorMessage'] as const

function withoutNulls(entry: PutRecordsResultEntry): PutRecordsResultEntry {
  return {
    SequenceNumber: entry.SequenceNumber ?? undefined,
    ShardId: entry.ShardId ?? undefined,
    ErrorCode: entry.ErrorCode ?? undefined,
    ErrorMessage: entry.ErrorMessage ?? undefined,
  }
}
