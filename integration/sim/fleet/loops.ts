/** Loops of simulated workers that ask for records; with each they do what handlers do. */
import type { Consumer, ConsumerRecord, ShardContext } from '@millrace/consumer'
import { type HandlerOptions, handleRecords } from './handlers.ts'
import type { PullingStyle } from './styles.ts'

/** A loop whose body has thrown, on purpose. */
export class LoopError extends Error {}

export interface LoopOptions extends HandlerOptions {
  /** Half of the loops that a failure ends throw; the others break. */
  readonly onLeft: (how: 'throw' | 'break') => void
}

/** Until the consumer is closed, or the work on a record fails. */
export async function pull(
  consumer: Consumer,
  style: PullingStyle,
  options: LoopOptions,
): Promise<void> {
  switch (style) {
    case 'batches':
      for await (const { records, shard } of consumer.batches()) {
        if ((await work(options, records, shard)) === 'leave') break
      }
      return
    case 'iterator':
      for await (const record of consumer) {
        if ((await work(options, [record], record.shard)) === 'leave') break
      }
      return
    case 'readable':
      return await new StreamReader(consumer, options).read()
  }
}

/** @throws LoopError */
async function work(
  options: LoopOptions,
  records: readonly ConsumerRecord[],
  shard: ShardContext,
): Promise<'go on' | 'leave'> {
  try {
    await handleRecords(options, records, shard)
  } catch (cause) {
    // Without a policy of the consumer's, it is the loop that passes over what fails.
    if (options.plan.onHandlerError === 'skip') {
      for (const record of records) options.ledger.done(shard.shardId, record)
      return 'go on'
    }
    const how = options.random.next() < 0.5 ? 'throw' : 'break'
    options.onLeft(how)
    if (how === 'throw') throw new LoopError('the body of the loop failed', { cause })
    return 'leave'
  }
  return 'go on'
}

/** What the stream holds ready of its own, at most. */
export const MOST_READY = 4
const MOST_AT_ONCE = 4

/** Works on several chunks at once, so that they are acknowledged in any order. */
class StreamReader {
  readonly #options: LoopOptions
  readonly #stream: ReturnType<Consumer['readable']>
  readonly #atOnce: number
  readonly #working = new Set<Promise<void>>()
  #isLeft = false
  #failure: Error | undefined

  constructor(consumer: Consumer, options: LoopOptions) {
    const { random } = options
    this.#options = options
    this.#atOnce = 1 + Math.floor(random.next() * MOST_AT_ONCE)
    const highWaterMark = Math.floor(random.next() * (MOST_READY + 1))
    this.#stream = consumer.readable({ highWaterMark })
  }

  async read(): Promise<void> {
    try {
      for await (const record of this.#stream) {
        if (this.#isLeft) break
        // It has waited in the stream: its lease may be gone by now.
        if (record.shard.signal.aborted) continue
        this.#begin(record)
        if (this.#working.size >= this.#atOnce) await Promise.race(this.#working)
      }
    } catch (cause) {
      if (!this.#isLeft) throw cause
    }
    await Promise.all(this.#working)
    if (this.#failure) throw this.#failure
  }

  #begin(record: ConsumerRecord & { readonly shard: ShardContext; ack(): void }): void {
    const working = work(this.#options, [record], record.shard)
      .then(
        (then) => {
          if (then === 'leave') this.#leave()
          else record.ack()
        },
        (cause: Error) => {
          this.#failure ??= cause
          this.#leave()
        },
      )
      .finally(() => this.#working.delete(working))
    this.#working.add(working)
  }

  #leave(): void {
    this.#isLeft = true
    this.#stream.destroy()
  }
}
