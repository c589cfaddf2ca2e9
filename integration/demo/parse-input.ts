/** Input bytes -> records to put, or the line that is at fault. Pure. */
import { KinesisError } from '@millrace/core'
import { checkPartitionKey, checkRecordSize, LIMITS } from '@millrace/core/internal'

export interface InputRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
}

/** The input cannot be put; nothing has been started. */
export class InputError extends Error {}

const NEWLINE = 10
const CARRIAGE_RETURN = 13
const decoder = new TextDecoder('utf-8', { fatal: true })

/** One record a line, its bytes as they stand there. @throws InputError naming the line */
export function parseNdjson(bytes: Uint8Array, key: string): InputRecord[] {
  const records: InputRecord[] = []
  /** Blank lines are allowed at the end of the file only. */
  let blankLine: number | undefined
  let lineNumber = 0
  for (let start = 0; start < bytes.length; ) {
    lineNumber++
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline === -1 ? bytes.length : newline
    const line = withoutReturn(bytes.subarray(start, end))
    start = end + 1
    if (line.length === 0) {
      blankLine ??= lineNumber
      continue
    }
    if (blankLine !== undefined) throw new InputError(`line ${blankLine} is not JSON: it is empty`)
    records.push(recordOf(line, lineNumber, key))
  }
  if (records.length === 0) throw new InputError('the input has no records')
  return records
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

function recordOf(data: Uint8Array, lineNumber: number, key: string): InputRecord {
  const partitionKey = keyOf(parsed(data, lineNumber), lineNumber, key)
  try {
    checkPartitionKey(partitionKey)
    checkRecordSize(data.length, Buffer.byteLength(partitionKey), LIMITS.recordDefaultMaxBytes)
  } catch (cause) {
    if (!KinesisError.isKinesisError(cause)) throw cause
    throw new InputError(`line ${lineNumber}: ${cause.message}. ${cause.hint}`)
  }
  return { partitionKey, data }
}

function parsed(data: Uint8Array, lineNumber: number): unknown {
  let text: string
  try {
    text = decoder.decode(data)
  } catch {
    throw new InputError(`line ${lineNumber} is not JSON: its bytes are not UTF-8`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new InputError(`line ${lineNumber} is not JSON`)
  }
}

function keyOf(value: unknown, lineNumber: number, key: string): string {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject) throw new InputError(`line ${lineNumber} is not a JSON object`)
  if (!Object.hasOwn(value, key)) {
    throw new InputError(`line ${lineNumber} lacks the key field ${JSON.stringify(key)}`)
  }
  const found = (value as Readonly<Record<string, unknown>>)[key]
  if (typeof found === 'string') return found
  if (typeof found === 'number') return String(found)
  throw new InputError(
    `line ${lineNumber}: the key field ${JSON.stringify(key)} is neither text nor a number`,
  )
}
