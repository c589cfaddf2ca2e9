/** What `close()` could not send any more, and why. */

/** @public */
export interface ProducerCloseReport {
  /** Records that were failed at the deadline; each of their promises rejected, or `failed` told. */
  readonly droppedRecords: number
  /**
   * What had kept them, counted: the code of a record's last attempt (`ECONNREFUSED`,
   * `ProvisionedThroughputExceededException`), or `Closed` for one that was never answered.
   */
  readonly reasons: Readonly<Record<string, number>>
}

export class DropCount {
  readonly #byReason = new Map<string, number>()
  #records = 0

  add(reason: string, records: number): void {
    if (records === 0) return
    this.#records += records
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + records)
  }

  report(): ProducerCloseReport {
    return { droppedRecords: this.#records, reasons: Object.fromEntries(this.#byReason) }
  }
}
