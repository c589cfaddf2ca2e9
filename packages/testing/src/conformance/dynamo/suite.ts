/** What the DynamoDB conformance suite is run with and against. */
import type { DynamoPort } from '@millrace/core'

/** What a door can not do is skipped, and shown as skipped. @public */
export interface DynamoDoorCapabilities {
  /** A failed condition returns the old item when asked to. dynalite does not. @default true */
  readonly oldItemOnFailedCondition?: boolean | undefined
  /** An index can be added to an on-demand table. dynalite can not. @default true */
  readonly indexOnExistingTable?: boolean | undefined
  /** Values without an order are refused by `<` and its like. dynalite compares them. @default true */
  readonly refusesUnorderedComparison?: boolean | undefined
  /** Empty index keys are refused. dynalite keeps such rows. @default true */
  readonly refusesEmptyIndexKey?: boolean | undefined
  /** Deletion protection is kept and told back. dynalite drops it. @default true */
  readonly deletionProtection?: boolean | undefined
  /** Point-in-time recovery can be switched on. dynalite does not know the call. @default true */
  readonly continuousBackups?: boolean | undefined
}

/** One way to a DynamoDB, ready for calls. @public */
export interface DynamoDoor {
  readonly port: DynamoPort
  readonly capabilities?: DynamoDoorCapabilities | undefined
  tearDown(): Promise<void>
}

/** @public */
export type DynamoDoorSetUp = () => Promise<DynamoDoor>
