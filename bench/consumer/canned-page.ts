/**
 * A page of one shard, written once in JSON and in CBOR: to serve it again only the number of the
 * page in each sequence number is written anew.
 */
import { CborWriter } from '@millrace/core/internal'
import { PAGE_OFFSET, pageDigits, sequenceNumber } from './positions.ts'

export interface PageRecord {
  readonly data: Uint8Array
  readonly partitionKey: string
}

const ARRIVED_MS = 1_700_000_000_250
const TIME_TAG = 1

export class CannedPage {
  readonly #cbor: Template
  readonly #json: Template
  readonly #records: number

  constructor(records: readonly PageRecord[]) {
    this.#records = records.length
    this.#cbor = cborTemplate(records)
    this.#json = jsonTemplate(records)
  }

  /** The answer of GetRecords: this page as page `number`, and what follows it. */
  answer(isCbor: boolean, number: number, next: string, millisBehindLatest: number): Buffer {
    const records = isCbor ? this.#cbor.asPage(number) : this.#json.asPage(number)
    return answerOf(isCbor, records, this.#records, next, millisBehindLatest)
  }
}

/** The answer at the tip. */
export function emptyAnswer(isCbor: boolean, next: string): Buffer {
  return answerOf(isCbor, Buffer.alloc(0), 0, next, 0)
}

class Template {
  readonly #bytes: Buffer
  /** Where the page's number stands. */
  readonly #offsets: readonly number[]

  constructor(bytes: Buffer, offsets: readonly number[]) {
    this.#bytes = bytes
    this.#offsets = offsets
  }

  asPage(number: number): Buffer {
    const bytes = Buffer.from(this.#bytes)
    const digits = Buffer.from(pageDigits(number))
    for (const offset of this.#offsets) digits.copy(bytes, offset)
    return bytes
  }
}

function cborTemplate(records: readonly PageRecord[]): Template {
  const writer = new CborWriter()
  const offsets: number[] = []
  for (const [i, { data, partitionKey }] of records.entries()) {
    const number = sequenceNumber(0, i)
    writer.map(4)
    writer.text('SequenceNumber')
    writer.text(number)
    offsets.push(writer.bytes.length - number.length + PAGE_OFFSET)
    writer.text('ApproximateArrivalTimestamp')
    writer.tag(TIME_TAG)
    writer.integer(ARRIVED_MS)
    writer.text('Data')
    writer.byteString(data)
    writer.text('PartitionKey')
    writer.text(partitionKey)
  }
  return new Template(Buffer.from(writer.bytes), offsets)
}

function jsonTemplate(records: readonly PageRecord[]): Template {
  const parts: string[] = []
  const offsets: number[] = []
  let at = 0
  for (const [i, { data, partitionKey }] of records.entries()) {
    const head = `${i === 0 ? '' : ','}{"SequenceNumber":"`
    const rest = JSON.stringify({
      ApproximateArrivalTimestamp: ARRIVED_MS / 1000,
      Data: Buffer.from(data).toString('base64'),
      PartitionKey: partitionKey,
    })
    offsets.push(at + head.length + PAGE_OFFSET)
    const part = `${head}${sequenceNumber(0, i)}",${rest.slice(1)}`
    parts.push(part)
    at += part.length
  }
  return new Template(Buffer.from(parts.join(''), 'latin1'), offsets)
}

function answerOf(
  isCbor: boolean,
  records: Buffer,
  count: number,
  next: string,
  millisBehindLatest: number,
): Buffer {
  if (!isCbor) {
    return Buffer.concat([
      Buffer.from('{"Records":['),
      records,
      Buffer.from(`],"NextShardIterator":"${next}","MillisBehindLatest":${millisBehindLatest}}`),
    ])
  }
  const head = new CborWriter()
  head.map(3)
  head.text('Records')
  head.array(count)
  const tail = new CborWriter()
  tail.text('NextShardIterator')
  tail.text(next)
  tail.text('MillisBehindLatest')
  tail.integer(millisBehindLatest)
  return Buffer.concat([head.bytes, records, tail.bytes])
}
