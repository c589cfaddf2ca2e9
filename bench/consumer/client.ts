/** What each client under test is to its process. */
import type { Tally } from './tally.ts'

export interface ReadingClient {
  /** Reads until the tally has so many records in all. */
  read(tally: Tally, records: number): Promise<void>
}
