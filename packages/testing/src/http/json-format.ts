/** AWS JSON 1.1: bytes are base64, times are epoch seconds with fractions. */

import { serializationError } from './wire-error.ts'
import type { WireFormat } from './wire-format.ts'

export const jsonFormat: WireFormat = {
  contentType: 'application/x-amz-json-1.1',

  parse(body) {
    if (body.length === 0) return {}
    try {
      return JSON.parse(body.toString('utf8')) as unknown
    } catch {
      // The parser's message quotes the body, which may hold records.
      throw serializationError('The body is not valid JSON.')
    }
  },

  bytes(leaf) {
    if (typeof leaf !== 'string') return undefined
    const data = Buffer.from(leaf, 'base64')
    // Buffer.from skips what is not base64; the length tells.
    return data.length === decodedLength(leaf) ? data : undefined
  },

  timestamp(leaf) {
    if (typeof leaf !== 'number' || !Number.isFinite(leaf)) return undefined
    const date = new Date(Math.round(leaf * 1000))
    return Number.isNaN(date.getTime()) ? undefined : date
  },

  write(value) {
    return JSON.stringify(toJson(value))
  },
}

function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return Math.floor(((base64.length - padding) * 3) / 4)
}

/** Not a JSON.stringify replacer: that sees a Buffer only after its own toJSON. */
function toJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  }
  if (value instanceof Date) return value.getTime() / 1000
  if (Array.isArray(value)) return value.map(toJson)
  const json: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) json[name] = toJson(member)
  return json
}
