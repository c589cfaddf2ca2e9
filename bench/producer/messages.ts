/** What the processes of the producer benchmark know of each other, and tell each other. */

export const STREAM = 'bench'
export const SHARDS = 4

export type NodeClientName =
  | 'put'
  | 'tryPut'
  | 'bare put'
  | 'bare tryPut'
  | 'sdk as shipped'
  | 'sdk keep-alive'

export interface ClientSettings {
  readonly client: NodeClientName
  readonly url: string
  readonly dataBytes: number
}

/** To a client: put so many records. */
export interface RunCommand {
  readonly records: number
}
/** From a client, when all have been acknowledged. */
export interface RunReport {
  readonly acknowledged: number
  /** User and system time of all its threads. */
  readonly cpuUs: number
}

export interface StubListening {
  readonly port: number
  readonly cert: string
}
/** What came in since it was asked last. */
export interface StubCount {
  readonly userRecords: number
  readonly dataBytes: number
  readonly entries: number
  readonly requests: number
  /** The first thing that was wrong. */
  readonly fault: string | undefined
}
