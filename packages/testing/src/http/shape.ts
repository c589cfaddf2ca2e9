/** What an operation's input looks like, and how a parsed tree is checked against it. */
import { serializationError, WireError } from './wire-error.ts'
import type { WireFormat } from './wire-format.ts'

export type Shape =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'bytes'
  | 'timestamp'
  /** A list or structure that the service itself checks. */
  | 'any'
  | ListShape
  | StructShape
  | OwnShape

export interface ListShape {
  readonly list: Shape
}

export interface StructShape {
  readonly members: Readonly<Record<string, Shape>>
  /** Members that must be there: the ports' types promise them to the service. */
  readonly required: readonly string[]
}

/** What has a reader of its own. */
export interface OwnShape {
  /** @throws WireError */
  readonly read: (format: WireFormat, tree: unknown, path: string) => unknown
}

/**
 * Unknown members are dropped and null counts as absent, as the service does.
 *
 * @throws WireError SerializationException for a wrong type, ValidationException for a gap
 */
export function readShape(format: WireFormat, shape: Shape, tree: unknown, path: string): unknown {
  switch (shape) {
    case 'string':
      if (typeof tree === 'string') return tree
      throw wrongType(path, shape)
    case 'integer':
      if (Number.isSafeInteger(tree)) return tree
      throw wrongType(path, shape)
    case 'boolean':
      if (typeof tree === 'boolean') return tree
      throw wrongType(path, shape)
    case 'any':
      return tree
    case 'bytes':
      return format.bytes(tree) ?? refuse(path, shape)
    case 'timestamp':
      return format.timestamp(tree) ?? refuse(path, shape)
    default:
      if ('read' in shape) return shape.read(format, tree, path)
      return 'list' in shape
        ? readList(format, shape, tree, path)
        : readStruct(format, shape, tree, path)
  }
}

function readList(format: WireFormat, shape: ListShape, tree: unknown, path: string): unknown[] {
  if (!Array.isArray(tree)) throw wrongType(path, 'list')
  return tree.map((item, place) =>
    readShape(format, shape.list, item, `${path}.${place + 1}.member`),
  )
}

function readStruct(
  format: WireFormat,
  shape: StructShape,
  tree: unknown,
  path: string,
): Record<string, unknown> {
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    throw wrongType(path, 'structure')
  }
  const source = tree as Record<string, unknown>
  const struct: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(shape.members)) {
    const value = Object.hasOwn(source, name) ? source[name] : undefined
    const place = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`
    if (value !== undefined && value !== null) {
      struct[name] = readShape(format, member, value, place)
    } else if (shape.required.includes(name)) {
      throw new WireError(
        'ValidationException',
        `1 validation error detected: Value null at '${place}' failed to satisfy constraint: Member must not be null`,
      )
    }
  }
  return struct
}

function refuse(path: string, expected: string): never {
  throw wrongType(path, expected)
}

export function wrongType(path: string, expected: string): WireError {
  return serializationError(`${path === '' ? 'The body' : path} is not a ${expected}.`)
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}
