/** Over a whole drain: one plan for the leases that go together, another for those that go later. */
import { monotonicMs } from '@millrace/core/internal'
import { planSuccession, type SuccessionOptions, type SuccessionPlan } from './succession.ts'

/** A thousand leases must not look at the table one by one; in so long a peer may have gone. */
const GOOD_FOR_MS = 2000

export class SuccessionPlans {
  readonly #options: SuccessionOptions
  #plan: Promise<SuccessionPlan> | undefined
  /** Undefined while it is being made. */
  #madeMs: number | undefined

  constructor(options: SuccessionOptions) {
    this.#options = options
  }

  current(): Promise<SuccessionPlan> {
    const isOld = this.#madeMs !== undefined && monotonicMs() - this.#madeMs > GOOD_FOR_MS
    if (this.#plan === undefined || isOld) this.#plan = this.#make()
    return this.#plan
  }

  async #make(): Promise<SuccessionPlan> {
    this.#madeMs = undefined
    const plan = await planSuccession(this.#options)
    this.#madeMs = monotonicMs()
    return plan
  }
}
