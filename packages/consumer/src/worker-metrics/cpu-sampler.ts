/** Takes a CPU reading each second and keeps averages of them for the metrics row. */
import type { Logger } from '@millrace/core'
import { monotonicMs } from '@millrace/core/internal'
import { PeriodicLoop } from '../worker/periodic-loop.ts'
import { type CpuMode, fittingSources } from './choose-source.ts'
import { busyPercent, type CpuCounter } from './cpu-counter.ts'
import type { CpuSource } from './cpu-source.ts'
import { factsOf, type Machine, textOf } from './machine.ts'
import { PeriodAverages } from './period-averages.ts'

export interface CpuSamplerOptions {
  readonly machine: Machine
  readonly mode: CpuMode
  readonly logger: Logger
}

const SAMPLE_EVERY_MS = 1000
/** An ECS agent has no readings of a container in its first seconds. */
const MAX_ATTEMPTS = 60

export class CpuSampler {
  readonly #options: CpuSamplerOptions
  readonly #abort = new AbortController()
  readonly #averages = new PeriodAverages()
  readonly #before = new Map<CpuSource, CpuCounter>()
  readonly #loop: PeriodicLoop
  /** Those that may still be used; one once it has given a percentage. */
  #sources: readonly CpuSource[] | undefined
  #isChosen = false
  #attempts = 0
  #hasWarned = false

  constructor(options: CpuSamplerOptions) {
    this.#options = options
    this.#loop = new PeriodicLoop({
      everyMs: () => SAMPLE_EVERY_MS,
      step: () => this.#sample(),
      onError: (cause) => this.#warn({ err: cause }),
    })
  }

  /** Without a source that fits this machine, nothing runs. Again: does nothing. */
  start(): void {
    if (this.#abort.signal.aborted || this.#sources !== undefined) return
    const { machine, mode } = this.#options
    this.#sources = fittingSources(mode, factsOf(machine))
    if (this.#sources.length > 0) this.#loop.start()
  }

  /** At once: a request under way is cut. */
  stop(): void {
    this.#abort.abort()
    void this.#loop.stop()
  }

  /** Percent, oldest first, -1 for a period without a reading; empty when nothing is known. */
  averages(): readonly number[] {
    const averages = this.#averages.report(monotonicMs())
    if (this.#averages.isGivenUp) this.#warn({})
    return averages
  }

  async #sample(): Promise<void> {
    for (const source of this.#sources ?? []) {
      const percent = await this.#percentOf(source)
      if (this.#abort.signal.aborted) return
      if (percent === undefined) continue
      this.#averages.sample(percent)
      if (!this.#isChosen) this.#choose(source)
      return
    }
    if (this.#isChosen) this.#averages.fail()
    else if (++this.#attempts === MAX_ATTEMPTS) {
      this.#warn({})
      void this.#loop.stop()
    }
  }

  async #percentOf(source: CpuSource): Promise<number | undefined> {
    const texts = await Promise.all(source.places.map((place) => this.#textAt(place)))
    const reading = source.read(texts, monotonicMs())
    if (reading === undefined || reading.kind === 'percent') return reading?.percent
    const before = this.#before.get(source)
    this.#before.set(source, reading.counter)
    return before && busyPercent(before, reading.counter)
  }

  async #textAt(place: string): Promise<string | undefined> {
    const { machine } = this.#options
    if (place.startsWith('/')) return textOf(machine, place)
    try {
      return await machine.fetchText(place, this.#abort.signal)
    } catch {
      // What is missing is for the source to judge, and for the averages to tell.
      return undefined
    }
  }

  #choose(source: CpuSource): void {
    this.#sources = [source]
    this.#isChosen = true
    this.#options.logger.debug({ source: source.name }, 'CPU use is measured for worker metrics')
  }

  #warn(context: { readonly err?: unknown }): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#options.logger.warn(
      { ...context, sources: this.#sources?.map(({ name }) => name) },
      'CPU use cannot be measured; where leases are assigned by utilization, throughput counts instead',
    )
  }
}
