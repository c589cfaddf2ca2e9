/** The seam between one AWS service on the wire and the port that does the work. */
import type { CallOptions } from '@millrace/core'
import { WireError } from './wire-error.ts'
import type { WireFormat } from './wire-format.ts'

/**
 * Reads the input out of a parsed body and calls the port.
 *
 * @throws WireError, or whatever the port throws
 */
export type WireOperation = (
  format: WireFormat,
  tree: unknown,
  options: CallOptions | undefined,
) => Promise<unknown>

export interface WireProtocol {
  /** What is spoken when the request's own format is not known. */
  readonly defaultFormat: WireFormat
  /** @param contentType header of the request, parameters allowed */
  formatFor(contentType: string | undefined): WireFormat | undefined
  /** @param target header `x-amz-target`, e.g. `Kinesis_20131202.PutRecords` */
  operationFor(target: string | undefined): WireOperation | undefined
  /** How an error of this name is called in `__type`. */
  errorType(awsName: string): string
}

/** Calls the method of a port by its name. @throws WireError when the port has no such method */
export function callOf<P extends object>(
  port: P,
  method: keyof P & string,
  input: unknown,
  options: CallOptions | undefined,
): Promise<unknown> {
  const call = port[method] as
    | ((this: P, input: unknown, options: CallOptions | undefined) => Promise<unknown>)
    | undefined
  if (call === undefined) {
    throw new WireError('UnknownOperationException', `${method} is not served here.`)
  }
  return call.call(port, input, options)
}
