/**
 * HOT: aggregates are written over the buffers of earlier ones. A fresh buffer of 50 KB lies outside of
 * V8's heap and makes it collect garbage early; at 1 KB a record that was a fifth of all CPU time.
 */
import type { ResolvedProducerOptions } from '../options.ts'

const MAX_IDLE = 64
/** A larger aggregate gets a buffer of its own: idle ones are not accounted for. */
const MAX_CAPACITY_BYTES = 64 * 1024
/** And so does one that would fill less than this of a buffer, for a producer that has little to do. */
const LEAST_FILL = 0.25

export class AggregateBuffers {
  readonly #capacity: number
  readonly #isOn: boolean
  readonly #idle: Buffer[] = []

  /** Our own client lets go of what it has sent; one of the user's may hold on to it. */
  static for({
    aggregation,
    client,
  }: Pick<ResolvedProducerOptions, 'aggregation' | 'client'>): AggregateBuffers {
    return new AggregateBuffers(
      aggregation === false ? 0 : aggregation.maxBytes,
      client === undefined,
    )
  }

  /**
   * @param aggregateMaxBytes of the producer's aggregates
   * @param isOn false for a client that is not known to let go of what it has sent
   */
  constructor(aggregateMaxBytes: number, isOn: boolean) {
    this.#capacity = aggregateMaxBytes
    this.#isOn = isOn && aggregateMaxBytes > 0 && aggregateMaxBytes <= MAX_CAPACITY_BYTES
  }

  /** To write an aggregate of so many bytes at the start of. */
  take(bytes: number): Buffer {
    if (!this.#isOn || bytes > this.#capacity || bytes < this.#capacity * LEAST_FILL) {
      return Buffer.allocUnsafeSlow(bytes)
    }
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#capacity)
  }

  /** Nobody reads this aggregate any more. */
  give(aggregate: Uint8Array): void {
    if (!this.#isOn || aggregate.buffer.byteLength !== this.#capacity) return
    if (this.#idle.length < MAX_IDLE) this.#idle.push(Buffer.from(aggregate.buffer))
  }
}
