/** Asks what kind of stream it is: how large its records may be, and who picks their shards. */
import { isServiceError, type kinesis, type Logger } from '@millrace/core'
import type { ControlPlane } from '@millrace/core/internal'
import { Deadline } from './deadline.ts'
import { clockMs } from './pipeline/alarm.ts'

export interface StreamProbeOptions {
  readonly control: ControlPlane
  readonly streamName: string
  readonly logger: Logger
  readonly learned: (stream: kinesis.StreamDescriptionSummary) => void
  /** It cannot be had for now. */
  readonly unknown: () => void
}

const TIMEOUT_MS = 15_000
/** It is asked again so seldom after it could not be had. */
const RETRY_AFTER_MS = 60_000

export class StreamProbe {
  readonly #options: StreamProbeOptions
  readonly #stop = new AbortController()
  #asking = false
  #isKnown = false
  #denialTold = false
  #retryAtMs = Number.POSITIVE_INFINITY

  constructor(options: StreamProbeOptions) {
    this.#options = options
  }

  /** The stream may have changed since it was asked. */
  doubt(): void {
    this.#isKnown = false
  }

  /** Asks, unless the answer is known or on its way. */
  ask(): void {
    if (this.#isKnown || this.#asking || this.#stop.signal.aborted) return
    this.#asking = true
    void this.#ask()
  }

  /** Asks again, if it is time to after a failure. */
  retry(nowMs: number): void {
    if (nowMs >= this.#retryAtMs) this.ask()
  }

  stop(): void {
    this.#stop.abort()
  }

  async #ask(): Promise<void> {
    const { control, learned } = this.#options
    const deadline = new Deadline(TIMEOUT_MS, this.#stop.signal)
    try {
      const stream = await control.describe(deadline.signal)
      if (this.#stop.signal.aborted) return
      this.#isKnown = true
      this.#retryAtMs = Number.POSITIVE_INFINITY
      learned(stream)
    } catch (error) {
      this.#failed(error)
    } finally {
      deadline.end()
      this.#asking = false
    }
  }

  #failed(err: unknown): void {
    if (this.#stop.signal.aborted) return
    this.#retryAtMs = clockMs() + RETRY_AFTER_MS
    const { logger, streamName, unknown } = this.#options
    const isDenied = isServiceError(err) && err.kind === 'denied'
    if (isDenied && !this.#denialTold) {
      this.#denialTold = true
      logger.warn(
        { err, stream: streamName },
        `the kind of stream ${streamName} is not known (kinesis:DescribeStreamSummary, which the policy should allow): its records are taken to be of 1 MiB at most and to be placed by their keys`,
      )
    } else {
      logger.debug({ err, stream: streamName }, 'the kind of the stream is not known')
    }
    unknown()
  }
}
