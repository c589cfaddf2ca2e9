/** What the Kinesis conformance suite is run with and against. */
import type { KinesisAdminPort, KinesisPort } from '@millrace/core'

/** mocha's functions, or any that take the same; passed in so that this package needs no mocha. @public */
export interface SuiteFunctions {
  describe(title: string, body: () => void): unknown
  it(title: string, body: (this: TestContext) => Promise<void>): unknown
  before(body: () => Promise<void>): unknown
  after(body: () => Promise<void>): unknown
}

/** @public */
export interface TestContext {
  skip(): void
}

/** How a group of tests wants its service. @public */
export interface KinesisDoorSettings {
  /** False: no rate limits, so that the tests need not wait. True: the service's own. */
  readonly limits: boolean
  /** Age at which iterators expire; absent: the service's own. */
  readonly iteratorLifetimeMs?: number | undefined
}

/** What a door can not do is skipped, and shown as skipped. @public */
export interface KinesisDoorCapabilities {
  /** It takes `iteratorLifetimeMs`. @default true */
  readonly iteratorLifetime?: boolean | undefined
  /** It enforces the rates of the service when asked to. @default true */
  readonly limits?: boolean | undefined
}

/** One way to a Kinesis, ready for calls. @public */
export interface KinesisDoor {
  readonly port: KinesisPort & KinesisAdminPort
  readonly capabilities?: KinesisDoorCapabilities | undefined
  tearDown(): Promise<void>
}

/** @public */
export type KinesisDoorSetUp = (settings: KinesisDoorSettings) => Promise<KinesisDoor>
