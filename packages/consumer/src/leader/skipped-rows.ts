/**
 * Makes rows of the lease table that are left alone visible: counted at each look, named once each.
 * The table is looked at every few seconds, and whoever may write to it may write rows without end.
 */
import type { Logger } from '@millrace/core'
import type { SkippedRow } from '../lease/lease-row.ts'
import type { ConsumerMeter } from '../metrics/metric-names.ts'

/** Named at one look; what is more is counted only. */
const MOST_NAMED = 20
/** A key may have 2,048 bytes. */
const LONGEST_SHOWN = 128

export class SkippedRows {
  readonly #logger: Logger
  readonly #metrics: ConsumerMeter
  #known: ReadonlySet<string> = new Set()

  constructor(options: { readonly logger: Logger; readonly metrics: ConsumerMeter }) {
    this.#logger = options.logger
    this.#metrics = options.metrics
  }

  /** Every look at the whole table. */
  see(rows: readonly SkippedRow[]): void {
    // The last look's zero, too: a dashboard must see them go.
    if (rows.length > 0 || this.#known.size > 0) {
      this.#metrics.put('SkippedLeaseRows', rows.length, 'Count', {
        Operation: 'LeaseAssignmentManager',
      })
    }
    const news = rows.filter(({ leaseKey }) => !this.#known.has(leaseKey))
    for (const { leaseKey, kind, why } of news.slice(0, MOST_NAMED)) {
      this.#logger.warn(
        { leaseKey: leaseKey.slice(0, LONGEST_SHOWN), kind, why },
        'a row of the lease table is left alone',
      )
    }
    if (news.length > MOST_NAMED) {
      this.#logger.warn(
        { rows: news.length - MOST_NAMED },
        'more rows of the lease table are left alone',
      )
    }
    this.#known = new Set(rows.map(({ leaseKey }) => leaseKey))
  }
}
