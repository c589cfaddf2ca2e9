/** The trouble a shard is in, for `describe()`. */

export class ShardHealth {
  #readError: unknown
  #handlerError: unknown

  /** The failure that holds the shard up now; undefined while all goes well. */
  get lastError(): unknown {
    return this.#handlerError ?? this.#readError
  }

  readFailed(error: unknown): void {
    this.#readError = error
  }

  readWorked(): void {
    this.#readError = undefined
  }

  handlerFailed(error: unknown): void {
    this.#handlerError = error
  }

  handlerWorked(): void {
    this.#handlerError = undefined
  }
}
