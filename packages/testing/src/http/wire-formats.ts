/** The formats that the door speaks, by content type. */
import { cborFormat } from './cbor-format.ts'
import { jsonFormat } from './json-format.ts'
import type { WireFormat } from './wire-format.ts'

const FORMATS: ReadonlyMap<string, WireFormat> = new Map([
  [jsonFormat.contentType, jsonFormat],
  ['application/json', jsonFormat],
  [cborFormat.contentType, cborFormat],
])

/** What is spoken when the request's own format is not known. */
export const defaultFormat: WireFormat = jsonFormat

/** @param contentType header of the request, parameters allowed */
export function wireFormatFor(contentType: string | undefined): WireFormat | undefined {
  return FORMATS.get((contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '')
}
