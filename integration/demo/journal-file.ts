/** Journals on disk: written line by line at once, so that SIGKILL takes nothing that was written. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { entryLine, type JournalEntry, parseEntry } from './journal-entry.ts'

/** Appends; each entry has left this process when `write` returns. */
export class JournalWriter {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  write(entry: JournalEntry): void {
    writeSync(this.#file, entryLine(entry))
  }
}

const CHUNK_BYTES = 256 * 1024
const NEWLINE = 10

/** Reads what another process appends, as far as it stands there in whole lines. */
export class JournalReader {
  readonly #file: number
  #offset = 0
  #rest: Buffer = Buffer.alloc(0)

  constructor(path: string) {
    // Made here if its writer has not got so far yet.
    this.#file = openSync(path, 'a+')
  }

  /** Entries since the last call. A last line without its end, from a killed writer, stays unread. */
  read(): JournalEntry[] {
    const entries: JournalEntry[] = []
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    for (;;) {
      const length = readSync(this.#file, chunk, 0, CHUNK_BYTES, this.#offset)
      if (length === 0) return entries
      this.#offset += length
      const bytes = Buffer.concat([this.#rest, chunk.subarray(0, length)])
      const end = bytes.lastIndexOf(NEWLINE) + 1
      this.#rest = bytes.subarray(end)
      if (end === 0) continue
      for (const line of bytes.toString('utf8', 0, end - 1).split('\n')) {
        entries.push(parseEntry(line))
      }
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}
