/** Pure: the HTTP answer of a data operation -> its output, or the error that the SDK would have thrown. */
import { readCbor } from '../cbor/cbor-reader.ts'
import { ServiceError } from '../service-errors.ts'
import type { AnswerTraits } from './wire-format-choice.ts'

export interface HttpAnswer {
  readonly statusCode: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/** Named and marked as the SDK's errors are, so that one table judges both. */
export class AwsAnswerError extends Error {
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

/** What an operation makes of a result; undefined, or any throw, when it is none of its own. */
export interface OutputReader<O> {
  /** @throws ServiceError for a result without what it always has */
  fromCbor(body: Buffer): O | undefined
  /** Of JSON, or of an empty body. @throws ServiceError as above */
  fromTree(tree: Tree): O | undefined
}

export type Tree = Readonly<Record<string, unknown>>

export interface ReadAnswer<O> {
  readonly traits: AnswerTraits
  readonly result: O | AwsAnswerError
}

/** What the SDK calls an answer that its parser cannot read. */
const UNREADABLE = 'SyntaxError'

/** @throws ServiceError for a result without what it always has */
export function readAnswer<O extends object>(
  answer: HttpAnswer,
  reader: OutputReader<O>,
): ReadAnswer<O> {
  const isCbor = (answer.headers['content-type'] ?? '').includes('cbor')
  const result =
    answer.statusCode >= 300
      ? errorOf(answer, treeOf(answer.body, isCbor))
      : (outputOf(answer.body, isCbor, reader) ?? unreadable(answer))
  const failure = result instanceof AwsAnswerError ? result : undefined
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

function outputOf<O>(body: Buffer, isCbor: boolean, reader: OutputReader<O>): O | undefined {
  try {
    if (isCbor && body.length > 0) return reader.fromCbor(body)
    const tree = treeOf(body, isCbor)
    return tree === undefined ? undefined : reader.fromTree(tree)
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause
    return undefined
  }
}

/** Undefined for what cannot be read, an empty map for an empty body. */
function treeOf(body: Buffer, isCbor: boolean): Tree | undefined {
  if (body.length === 0) return {}
  try {
    const tree: unknown = isCbor ? readCbor(body) : JSON.parse(body.toString('utf8'))
    return isMap(tree) ? tree : undefined
  } catch {
    // The parser's own words may quote the body.
    return undefined
  }
}

const UNKNOWN = 'Unknown'

function errorOf(answer: HttpAnswer, tree: Tree | undefined): AwsAnswerError {
  const told = answer.headers['x-amzn-errortype'] ?? tree?.['code'] ?? tree?.['__type']
  const name = typeof told === 'string' ? bareName(told) : undefined
  if (tree === undefined && name === undefined) return unreadable(answer)
  const message = tree?.['message'] ?? tree?.['Message']
  return new AwsAnswerError(
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

function unreadable(answer: HttpAnswer): AwsAnswerError {
  return new AwsAnswerError(UNREADABLE, 'the answer cannot be read', answer)
}

export function isMap(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
