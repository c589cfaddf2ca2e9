/** Says in the log, once, that the shards of a stream cannot be listed, and what comes of it. */
import { isServiceError, type Logger } from '@millrace/core'

const CONSEQUENCE = 'records travel alone, each in its own Kinesis record and without a shard limit'

export class MapTrouble {
  readonly #streamName: string
  readonly #holdMs: number
  readonly #logger: Logger
  #isTold = false

  /** @param holdMs how long records wait for the map */
  constructor(streamName: string, holdMs: number, logger: Logger) {
    this.#streamName = streamName
    this.#holdMs = holdMs
    this.#logger = logger
  }

  /**
   * @param err undefined: no answer has come
   * @returns false if it is known already
   */
  tell(err: unknown): boolean {
    if (this.#isTold) return false
    this.#isTold = true
    const fields = err === undefined ? {} : { err }
    this.#logger.warn({ ...fields, stream: this.#streamName }, this.#textOf(err))
    return true
  }

  /** A map is there. */
  over(): void {
    this.#isTold = false
  }

  #textOf(err: unknown): string {
    const what = `kinesis:ListShards on stream ${this.#streamName}`
    if (err === undefined) {
      return `${what} has not been answered for ${this.#holdMs} ms: until it is, ${CONSEQUENCE}`
    }
    if (isServiceError(err) && /^AccessDenied|^NotAuthorized/.test(err.awsName)) {
      return `${what} is not allowed by the policy: until it is, ${CONSEQUENCE}`
    }
    const cause = err instanceof Error ? err.message : String(err)
    return `${what} failed (${cause}): if it goes on for ${this.#holdMs} ms, ${CONSEQUENCE}`
  }
}
