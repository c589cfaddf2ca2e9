/** What the processes of the consumer benchmark know of each other, and tell each other. */

export const SHARDS = 16
/** `maxTotalPendingBytes` of the client whose handler is slow. */
export const SLOW_BOUND_BYTES: number = 64 * 1024 * 1024
/** Of the Java KCL, and the name of its application. */
export const KCL_STREAM = 'java-kcl'

/** What the shards hold: KPL's aggregates of user records of 100 B, or plain records of 1 KiB. */
export type Content = 'aggregated' | 'plain'
export type NodeClientName =
  | 'thin path'
  | 'thin path, slow handler'
  | 'SDK adapter'
  | 'sdk as shipped'
  | 'sdk keep-alive'

export interface ClientSettings {
  readonly client: NodeClientName
  readonly content: Content
  readonly dataBytes: number
  /** Its own, so that it reads at its own pace. */
  readonly stream: string
  readonly kinesisUrl: string
  readonly dynamodbUrl: string
}

/** To a client: so many user records are there; 0: tell what came until now, and count anew. */
export interface RunCommand {
  readonly records: number
}
/** From a client, when it has seen them all, each once and in order. */
export interface RunReport {
  readonly received: number
  readonly dataBytes: number
  /** User and system time of all its threads. */
  readonly cpuUs: number
  /** Of the process's life until now. */
  readonly peakRssBytes: number
}

export interface StubSettings {
  readonly content: Content
  readonly dataBytes: number
}
export interface StubListening {
  readonly port: number
  readonly cert: string
  readonly dynamodbUrl: string
}
/** To the stub: so many pages more are there in each shard of a stream. */
export interface StubCommand {
  readonly stream: string
  readonly pages: number
}
export interface StreamState {
  /** In the pages that were added. */
  readonly userRecords: number
  readonly dataBytes: number
  /** Shards that were read at least once. */
  readonly shardsRead: number
  /** Since the beginning, each once, however often it was asked for. */
  readonly pagesRead: number
  /** The first thing that was wrong. */
  readonly fault: string | undefined
}
