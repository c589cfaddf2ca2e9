/** What parent and children agree on: names, settings, messages. */
import type { Sabotage } from './sabotage.ts'
import type { Style } from './styles.ts'

export const STREAM = 'demo'
export const APPLICATION = 'demo-app'
/** The local services check no signature. */
export const LOCAL_AWS = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const

export interface ServerSettings {
  readonly shards: number
  /** A DynamoDB that runs already; the server's own when absent. */
  readonly dynamodbUrl?: string | undefined
}
/** The server's only message. */
export interface Listening {
  readonly kinesisUrl: string
  readonly dynamodbUrl: string
}

export interface ProducerSettings {
  readonly kinesisUrl: string
  readonly journal: string
  readonly input: { readonly file: string; readonly key: string } | undefined
  readonly records: number | undefined
  readonly putMs: number
}
/** The producer's only message: every put has settled. */
export interface PutsSettled {
  readonly failed: number
}

export interface WorkerSettings {
  readonly kinesisUrl: string
  readonly dynamodbUrl: string
  readonly journal: string
  readonly folder: string
  readonly sabotage: Sabotage | undefined
  readonly style: Style
}
