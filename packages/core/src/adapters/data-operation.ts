/** The operations that carry records: what their requests and answers look like on the wire. */
import { GetRecordsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import type { CborWriter } from '../cbor/cbor-writer.ts'
import type {
  GetRecordsInput,
  GetRecordsOutput,
  PutRecordsInput,
  PutRecordsOutput,
} from '../ports/kinesis.ts'
import type { OutputReader } from './aws-answer.ts'
import { getRecordsOutput } from './get-records-answer.ts'
import { getRecordsBytes, getRecordsJson, writeGetRecords } from './get-records-body.ts'
import { putRecordsOutput } from './put-records-answer.ts'
import { expectedBytes, putRecordsJson, writePutRecords } from './put-records-body.ts'

export interface DataOperation<I, O> {
  readonly name: 'GetRecords' | 'PutRecords'
  /** Knows which members of the input decide about the endpoint. */
  readonly command: typeof GetRecordsCommand | typeof PutRecordsCommand
  /** What the request takes in CBOR, a guess from above. @throws TypeError as `write` */
  expectedBytes(input: I): number
  /** @throws TypeError for an input that is none */
  write(writer: CborWriter, input: I): void
  /** @throws TypeError for an input that is none */
  json(input: I): Buffer
  readonly output: OutputReader<O>
}

export const PUT_RECORDS: DataOperation<PutRecordsInput, PutRecordsOutput> = {
  name: 'PutRecords',
  command: PutRecordsCommand,
  expectedBytes,
  write: writePutRecords,
  json: putRecordsJson,
  output: putRecordsOutput,
}

export const GET_RECORDS: DataOperation<GetRecordsInput, GetRecordsOutput> = {
  name: 'GetRecords',
  command: GetRecordsCommand,
  expectedBytes: getRecordsBytes,
  write: writeGetRecords,
  json: getRecordsJson,
  output: getRecordsOutput,
}
