/** Keeps the rules of a stream up to date, and lets nobody wait for its description for too long. */
import type { kinesis, Logger } from '@millrace/core'
import type { ControlPlane } from '@millrace/core/internal'
import { StreamProbe } from '../stream-probe.ts'
import { Alarm, clockMs } from './alarm.ts'
import type { Backpressure, Gate } from './backpressure.ts'
import type { StreamRules } from './stream-rules.ts'

export interface StreamKindOptions {
  readonly control: ControlPlane
  readonly streamName: string
  readonly logger: Logger
  readonly rules: StreamRules
  readonly backpressure: Backpressure
  /** How long a record waits for the description at most. */
  readonly holdMs: number
  /** It is the stream now that picks the shards, or the keys again. */
  readonly placementChanged: () => void
}

/** A stream that refuses what was right for it may have changed: asked for so seldom. */
const RECONSIDER_MS = 10_000

export class StreamKind {
  readonly probe: StreamProbe
  readonly #options: StreamKindOptions
  readonly #patience = new Alarm(() => this.#letGo())
  #nextReconsiderMs = Number.NEGATIVE_INFINITY

  constructor(options: StreamKindOptions) {
    this.#options = options
    const { control, streamName, logger } = options
    this.probe = new StreamProbe({
      control,
      streamName,
      logger,
      learned: (summary) => this.#learn(summary),
      unknown: () => this.#letGo(),
    })
  }

  /** Where a record waits that only the description can judge; undefined: it is judged now. */
  gate(nowMs: number): Gate | undefined {
    const { rules, holdMs } = this.#options
    if (!rules.isShut) return undefined
    this.#patience.setAt(nowMs + holdMs, nowMs)
    return rules
  }

  /** The stream refuses what it took when it placed records by itself: perhaps it does no more. */
  refused(): void {
    const nowMs = clockMs()
    if (!this.#options.rules.placesItself || nowMs < this.#nextReconsiderMs) return
    this.#nextReconsiderMs = nowMs + RECONSIDER_MS
    this.probe.doubt()
    this.probe.ask()
  }

  stop(): void {
    this.#patience.stop()
    this.probe.stop()
  }

  #learn(summary: kinesis.StreamDescriptionSummary): void {
    const { rules, logger, streamName, placementChanged } = this.#options
    const { placesItself } = rules
    rules.learn(summary)
    this.#letGo()
    if (rules.placesItself === placesItself) return
    logger.info(
      { stream: streamName },
      rules.placesItself
        ? 'records travel alone: the stream places them without regard to their keys (AUTO)'
        : 'the stream places records by their keys again',
    )
    placementChanged()
  }

  /** Who waited for the description goes by what is known. */
  #letGo(): void {
    this.#patience.cancel()
    this.#options.rules.open()
    this.#options.backpressure.serveSoon()
  }
}
