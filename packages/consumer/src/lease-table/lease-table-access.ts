/** Where the lease table is, who asks, and how it is made when it is absent. */
import type { DynamoPort, Logger } from '@millrace/core'
import type { ResolvedLeaseTable } from '../options.ts'

export interface LeaseTableAccess {
  readonly dynamo: DynamoPort
  readonly tableName: string
  readonly workerId: string
  readonly requestTimeoutMs: number
  readonly wanted: ResolvedLeaseTable
  readonly logger: Logger
}
