/** The recorded KPL cases (golden/kpl/README.md), with user records made and entries grouped. */
import { readdirSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../golden/kpl/', import.meta.url)

export interface VectorRecord {
  readonly partitionKey: string
  readonly explicitHashKey?: string | undefined
  readonly data: Buffer
}
export interface VectorEntry {
  readonly partitionKey: string
  readonly explicitHashKey: string
  readonly dataBase64?: string
  readonly dataBytes?: number
  readonly dataSha256?: string
  readonly shardId: string
  /** Indexes of the user records inside. */
  readonly input: readonly number[]
}
export interface Vector {
  readonly name: string
  /** KPL's properties that were not at their defaults. */
  readonly config: Readonly<Record<string, unknown>>
  readonly shardCount: number
  readonly records: readonly VectorRecord[]
  readonly entries: readonly VectorEntry[]
}

interface FileRecord {
  readonly partitionKey: string
  readonly explicitHashKey?: string
  readonly dataBase64?: string
  readonly data?: { readonly repeat: string; readonly bytes: number }
}
interface FileGenerator {
  readonly count: number
  readonly partitionKeyPrefix: string
  readonly distinctKeys: number
  readonly bytesCycle: readonly number[]
  readonly explicitHashKeyCycle?: readonly string[]
}
interface VectorFile {
  readonly case: string
  readonly config: Readonly<Record<string, unknown>>
  readonly shardCount: number
  readonly records?: readonly FileRecord[]
  readonly generator?: FileGenerator
  readonly kinesisRecords: readonly (Omit<VectorEntry, 'input'> & {
    readonly input?: readonly number[]
    readonly inputFrom?: number
    readonly inputTo?: number
  })[]
}

export function kplVectors(): Vector[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const file = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as VectorFile
      return {
        name: file.case,
        config: file.config,
        shardCount: file.shardCount,
        records: file.generator ? generate(file.generator) : (file.records ?? []).map(recordOf),
        entries: file.kinesisRecords.map((entry) => ({
          ...entry,
          input: entry.input ?? range(entry.inputFrom ?? 0, entry.inputTo ?? -1),
        })),
      }
    })
}

function recordOf({ partitionKey, explicitHashKey, dataBase64, data }: FileRecord): VectorRecord {
  const bytes = data ? repeated(data.repeat, data.bytes) : Buffer.from(dataBase64 ?? '', 'base64')
  return { partitionKey, explicitHashKey, data: bytes }
}

function generate(generator: FileGenerator): VectorRecord[] {
  const { count, partitionKeyPrefix, distinctKeys, bytesCycle, explicitHashKeyCycle } = generator
  return range(0, count - 1).map((i) => ({
    partitionKey: `${partitionKeyPrefix}${i % distinctKeys}`,
    explicitHashKey: explicitHashKeyCycle?.[i % explicitHashKeyCycle.length],
    data: repeated(`r${i}-`, bytesCycle[i % bytesCycle.length] ?? 0),
  }))
}

function repeated(text: string, bytes: number): Buffer {
  return bytes === 0 ? Buffer.alloc(0) : Buffer.alloc(bytes, text)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
