/** What the Java KCL wrote, as recorded in integration/golden/kcl. */
import { readFileSync } from 'node:fs'
import type { dynamo } from '@millrace/core'

export interface Moment {
  readonly file: string
  readonly moment: string
  readonly table: string
  readonly items: readonly dynamo.Item[]
}

/** A request of the Java SDK with DynamoDB's legacy parameters. */
export interface LegacyUpdate {
  readonly TableName: string
  readonly Key: dynamo.Item
  readonly AttributeUpdates: Readonly<
    Record<
      string,
      {
        readonly Action: 'PUT' | 'ADD' | 'DELETE'
        readonly Value?: dynamo.AttributeValue
      }
    >
  >
  readonly Expected: Readonly<
    Record<string, { readonly Exists?: boolean; readonly Value?: dynamo.AttributeValue }>
  >
}

export interface RecordedShape {
  readonly name: string
  readonly table: string
  readonly example: {
    readonly operation: string
    readonly request: unknown
  } | null
}

const FOLDER = new URL('../../../../integration/golden/kcl/', import.meta.url)
const FILES = [
  'golden2x.json',
  'golden3x.json',
  'goldendirect.json',
  'goldenhandofftimeout.json',
  'goldenlegacy.json',
  'goldenphase1.json',
  'goldenprepared.json',
]

export function goldenJson(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))
}

export function goldenMoments(): Moment[] {
  return FILES.flatMap((file) => {
    const { moments } = goldenJson(file) as { readonly moments: readonly Moment[] }
    return moments.map((moment) => ({
      ...moment,
      file,
      items: moment.items.map((item) => withBinary(item) as dynamo.Item),
    }))
  })
}

export function goldenItems(file: string, name: string): readonly dynamo.Item[] {
  const found = goldenMoments().find((moment) => moment.file === file && moment.moment === name)
  if (found === undefined) throw new Error(`no moment ${name} in ${file}`)
  return found.items
}

export function goldenItem(file: string, moment: string, leaseKey: string): dynamo.Item {
  const found = goldenItems(file, moment).find((item) => item['leaseKey']?.S === leaseKey)
  if (found === undefined) throw new Error(`no row ${leaseKey} at ${moment} in ${file}`)
  return found
}

/** Requests to the lease table that KCL named so; none when the recording has no example. */
export function goldenRequests<T>(name: string): T[] {
  const { shapes } = goldenJson('requests.json') as { readonly shapes: readonly RecordedShape[] }
  return shapes.flatMap((shape) =>
    shape.name === name && shape.table === 'lease' && shape.example !== null
      ? [withBinary(shape.example.request) as T]
      : [],
  )
}

/** DynamoDB JSON has binary values as base64 text. */
function withBinary(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBinary)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'B' && typeof inner === 'string' ? bytes(inner) : withBinary(inner),
    ]),
  )
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}
