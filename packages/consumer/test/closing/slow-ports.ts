/** Ports with latency whose calls leave nothing behind when their caller gives them up. */
import { type CallOptions, type DynamoPort, type KinesisPort, ServiceError } from '@millrace/core'
import { sleep } from '@millrace/core/internal'

export type SlowOperation = keyof DynamoPort | keyof KinesisPort

export interface Slowness {
  readonly operation: SlowOperation
  /** There and back, milliseconds; `Infinity`: never. */
  readonly forMs: number
  /** Only calls whose input says yes, as text; default all. */
  readonly when?: ((input: string) => boolean) | undefined
}

/** What holds up the calls of one consumer. */
export class SlowPorts {
  readonly #latencyMs: () => number
  readonly #slow: Slowness[] = []
  #total = 0

  /** @param latencyMs asked twice a call: for the way there, and the way back */
  constructor(latencyMs: () => number) {
    this.#latencyMs = latencyMs
  }

  /** Calls made through these ports. */
  get total(): number {
    return this.#total
  }

  slow(slowness: Slowness): void {
    this.#slow.push(slowness)
  }

  wrap<P extends object>(port: P): P {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name, target)
        if (typeof method !== 'function') return method
        return (input: object, options?: CallOptions): Promise<unknown> =>
          this.#call(String(name), input, options, () => method.call(target, input) as unknown)
      },
    })
  }

  async #call(
    name: string,
    input: object,
    options: CallOptions | undefined,
    apply: () => unknown,
  ): Promise<unknown> {
    if (options?.signal?.aborted === true) throw new ServiceError(name, 'AbortError', 'not sent')
    this.#total++
    const slowMs = this.#slownessOf(name, input) / 2
    await onTheWay(name, this.#latencyMs() + slowMs, options)
    const answer = await apply()
    await onTheWay(name, this.#latencyMs() + slowMs, options)
    return answer
  }

  #slownessOf(name: string, input: object): number {
    for (const { operation, forMs, when } of this.#slow) {
      if (operation === name && (when?.(JSON.stringify(input)) ?? true)) return forMs
    }
    return 0
  }
}

async function onTheWay(name: string, waitMs: number, options: CallOptions = {}): Promise<void> {
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options
  if (waitMs === Number.POSITIVE_INFINITY && timeoutMs === Number.POSITIVE_INFINITY) {
    throw new Error(`${name} would wait for ever`)
  }
  try {
    await sleep(Math.min(waitMs, timeoutMs), signal)
  } catch (cause) {
    throw new ServiceError(name, 'AbortError', 'given up', { cause })
  }
  if (timeoutMs < waitMs) throw new ServiceError(name, 'TimeoutError', `no answer in ${timeoutMs}`)
}
