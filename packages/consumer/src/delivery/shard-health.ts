/** The trouble a shard is in, for `describe()`. */
import type { ShardTrouble } from '../waiting-for.ts'

export class ShardHealth {
  #handler: ShardTrouble | undefined
  #checkpoint: ShardTrouble | undefined
  #read: ShardTrouble | undefined
  #ending: ShardTrouble | undefined

  /** What holds the shard up now, the gravest first; undefined while all goes well. */
  get trouble(): ShardTrouble | undefined {
    return this.#handler ?? this.#ending ?? this.#read ?? this.#checkpoint
  }

  readFailed(error: unknown): void {
    this.#read = again('read', this.#read, error)
  }

  readWorked(): void {
    this.#read = undefined
  }

  handlerFailed(error: unknown): void {
    this.#handler = again('handler', this.#handler, error)
  }

  handlerWorked(): void {
    this.#handler = undefined
  }

  endingFailed(error: unknown): void {
    this.#ending = again('shard end', this.#ending, error)
  }

  endingWorked(): void {
    this.#ending = undefined
  }

  checkpointFailed(error: unknown): void {
    this.#checkpoint = again('checkpoint', this.#checkpoint, error)
  }

  checkpointWorked(): void {
    this.#checkpoint = undefined
  }
}

function again(
  what: ShardTrouble['what'],
  before: ShardTrouble | undefined,
  error: unknown,
): ShardTrouble {
  return { what, error, failures: (before?.failures ?? 0) + 1 }
}
