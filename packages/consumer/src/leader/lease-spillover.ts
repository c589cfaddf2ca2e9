/** Makes leases that no worker has room for visible: counted at each look, told when their number changes. */
import type { Logger } from '@millrace/core'
import type { ConsumerMeter } from '../metrics/metric-names.ts'

export class LeaseSpillover {
  readonly #logger: Logger
  readonly #metrics: ConsumerMeter
  #unplaced = 0

  constructor(options: { readonly logger: Logger; readonly metrics: ConsumerMeter }) {
    this.#logger = options.logger
    this.#metrics = options.metrics
  }

  /** Every plan of a leader. KCL: metric `LeaseSpillover`. */
  see(unplaced: number): void {
    // The last look's zero, too: a dashboard must see them go.
    if (unplaced > 0 || this.#unplaced > 0) {
      this.#metrics.put('LeaseSpillover', unplaced, 'Count', {
        Operation: 'LeaseAssignmentManager',
      })
    }
    if (unplaced > 0 && unplaced !== this.#unplaced) {
      this.#logger.warn({ leases: unplaced }, 'no worker has room for these leases')
    }
    this.#unplaced = unplaced
  }
}
