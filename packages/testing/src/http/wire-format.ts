/** The seam between bytes on the wire and the ports' shapes; one implementation per content type. */
import { jsonFormat } from './json-format.ts'

export interface WireFormat {
  readonly contentType: string
  /** Bytes to a tree of objects, lists and leaves. @throws WireError */
  parse(body: Buffer): unknown
  /** A binary leaf of the tree; undefined when it is none. */
  bytes(leaf: unknown): Uint8Array | undefined
  /** A point in time; undefined when it is none. */
  timestamp(leaf: unknown): Date | undefined
  /** Port shapes to bytes: `Uint8Array` and `Date` become what the format has for them. */
  write(value: unknown): string | Buffer
}

const FORMATS: ReadonlyMap<string, WireFormat> = new Map([
  [jsonFormat.contentType, jsonFormat],
  ['application/json', jsonFormat],
])

/** What is spoken when the request's own format is not known. */
export const defaultFormat: WireFormat = jsonFormat

/** @param contentType header of the request, parameters allowed */
export function wireFormatFor(contentType: string | undefined): WireFormat | undefined {
  return FORMATS.get((contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '')
}
