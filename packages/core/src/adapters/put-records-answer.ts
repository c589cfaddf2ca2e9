/** Pure: the HTTP answer of PutRecords -> its output, or the error that the SDK would have thrown. */
import { readCbor } from '../cbor/cbor-reader.ts'
import type { PutRecordsOutput, PutRecordsResultEntry } from '../ports/kinesis.ts'
import { answered } from './sdk-call.ts'
import type { AnswerTraits } from './wire-format-choice.ts'

export interface HttpAnswer {
  readonly statusCode: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/** Named and marked as the SDK's errors are, so that one table judges both. */
export class PutRecordsError extends Error {
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId: string | undefined }

  constructor(name: string, message: string, answer: HttpAnswer) {
    super(message)
    this.name = name
    this.$metadata = {
      httpStatusCode: answer.statusCode,
      requestId: answer.headers['x-amzn-requestid'] ?? answer.headers['x-amz-request-id'],
    }
  }
}

export interface ReadAnswer {
  readonly traits: AnswerTraits
  readonly result: PutRecordsOutput | PutRecordsError
}

/** What the SDK calls an answer that its parser cannot read. */
const UNREADABLE = 'SyntaxError'

/** @throws ServiceError for a result without records */
export function readPutRecordsAnswer(answer: HttpAnswer): ReadAnswer {
  const isCbor = (answer.headers['content-type'] ?? '').includes('cbor')
  const tree = treeOf(answer, isCbor)
  const isError = answer.statusCode >= 300
  const result = isError ? errorOf(answer, tree) : outputOf(answer, tree)
  const failure = result instanceof PutRecordsError ? result : undefined
  return {
    traits: {
      statusCode: answer.statusCode,
      isCbor,
      isReadable: failure?.name !== UNREADABLE,
      errorName: failure === undefined || failure.name === UNKNOWN ? undefined : failure.name,
    },
    result,
  }
}

/** Undefined for what cannot be read, an empty map for an empty body. */
function treeOf({ body }: HttpAnswer, isCbor: boolean): Record<string, unknown> | undefined {
  if (body.length === 0) return {}
  try {
    const tree: unknown = isCbor ? readCbor(body) : JSON.parse(body.toString('utf8'))
    return isMap(tree) ? tree : undefined
  } catch {
    // The parser's own words may quote the body.
    return undefined
  }
}

function outputOf(
  answer: HttpAnswer,
  tree: Record<string, unknown> | undefined,
): PutRecordsOutput | PutRecordsError {
  if (tree === undefined) return unreadable(answer)
  const records = answered('PutRecords', 'Records', tree['Records'])
  const entries = Array.isArray(records) ? entriesOf(records) : undefined
  if (entries === undefined) return unreadable(answer)
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

const UNKNOWN = 'Unknown'

function errorOf(answer: HttpAnswer, tree: Record<string, unknown> | undefined): PutRecordsError {
  const told = answer.headers['x-amzn-errortype'] ?? tree?.['code'] ?? tree?.['__type']
  const name = typeof told === 'string' ? bareName(told) : undefined
  if (tree === undefined && name === undefined) return unreadable(answer)
  const message = tree?.['message'] ?? tree?.['Message']
  return new PutRecordsError(
    name ?? UNKNOWN,
    typeof message === 'string' ? message : 'UnknownError',
    answer,
  )
}

/** `com.amazonaws.kinesis#Name:http://...` -> `Name` */
function bareName(told: string): string | undefined {
  const [first = ''] = told.split(/[,:]/, 1)
  const name = first.slice(first.indexOf('#') + 1)
  return name === '' ? undefined : name
}

function unreadable(answer: HttpAnswer): PutRecordsError {
  return new PutRecordsError(UNREADABLE, 'the answer cannot be read', answer)
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
