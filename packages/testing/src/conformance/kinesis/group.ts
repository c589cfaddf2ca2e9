/** One group of conformance tests: a door of its own, and a fresh stream for each test. */
import type { kinesis } from '@millrace/core'
import { StreamDriver } from './stream-driver.ts'
import type {
  KinesisDoor,
  KinesisDoorCapabilities,
  KinesisDoorSettings,
  KinesisDoorSetUp,
  SuiteFunctions,
} from './suite.ts'

/** Declares a test that gets a fresh, ACTIVE stream. */
export type StreamTest = (
  title: string,
  stream: Omit<kinesis.CreateStreamInput, 'StreamName'>,
  body: (stream: StreamDriver) => Promise<void>,
) => void

export interface GroupOptions {
  readonly title: string
  readonly settings: KinesisDoorSettings
  /** A door without this is not asked: its tests show as skipped. */
  readonly needs?: keyof KinesisDoorCapabilities | undefined
}

/** Stream names are unique in a process: a door may be one service for all groups. */
let streamCount = 0

export function declareGroup(
  suite: SuiteFunctions,
  setUp: KinesisDoorSetUp,
  options: GroupOptions,
  declare: (test: StreamTest) => void,
): void {
  suite.describe(options.title, () => {
    let door: KinesisDoor | undefined
    suite.before(async () => {
      door = await setUp(options.settings)
    })
    suite.after(async () => {
      await door?.tearDown()
    })
    declare((title, stream, body) => {
      suite.it(title, async function () {
        if (door === undefined) throw new Error('The door was not set up')
        if (options.needs !== undefined && door.capabilities?.[options.needs] === false) {
          this.skip()
          return
        }
        streamCount++
        const driver = new StreamDriver(door.port, `conformance-${streamCount}`)
        await driver.create(stream)
        await body(driver)
        await driver.delete()
      })
    })
  })
}
