/** DynamoDB's attribute values as they come in JSON: all as the port has it, but bytes are base64. */
import type { OwnShape } from './shape.ts'
import { wrongType } from './shape.ts'
import type { WireFormat } from './wire-format.ts'

/** An item, a key or the values of an expression: attribute values by name. */
export const attributes: OwnShape = { read: readAttributes }

function readAttributes(format: WireFormat, tree: unknown, path: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(structure(tree, path)).map(([name, value]) => [
      name,
      readValue(format, value, `${path}.${name}`),
    ]),
  )
}

/** What is no attribute value is left for the service to refuse. */
function readValue(format: WireFormat, tree: unknown, path: string): unknown {
  return Object.fromEntries(
    Object.entries(structure(tree, path)).map(([type, value]) => {
      switch (type) {
        case 'B':
          return [type, readBytes(format, value, path)]
        case 'BS':
          return [type, list(value, path).map((bytes) => readBytes(format, bytes, path))]
        case 'L':
          return [type, list(value, path).map((element) => readValue(format, element, path))]
        case 'M':
          return [type, readAttributes(format, value, path)]
        default:
          return [type, value]
      }
    }),
  )
}

function readBytes(format: WireFormat, tree: unknown, path: string): Uint8Array {
  const bytes = format.bytes(tree)
  if (bytes === undefined) throw wrongType(path, 'bytes')
  return bytes
}

function structure(tree: unknown, path: string): object {
  if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) return tree
  throw wrongType(path, 'structure')
}

function list(tree: unknown, path: string): readonly unknown[] {
  if (Array.isArray(tree)) return tree
  throw wrongType(path, 'list')
}
