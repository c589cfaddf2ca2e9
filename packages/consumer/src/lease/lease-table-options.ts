/** Where the lease table is and who asks. */
import type { DynamoPort, Logger } from '@millrace/core'

export interface LeaseTableOptions {
  readonly dynamo: DynamoPort
  readonly tableName: string
  readonly workerId: string
  readonly requestTimeoutMs: number
  readonly logger: Logger
}
