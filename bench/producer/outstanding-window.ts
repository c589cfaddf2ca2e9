/** So many records on the way and no more: what a caller of a promise API has to keep count of. */

export class OutstandingWindow {
  readonly #most: number
  #outstanding = 0
  #acknowledged = 0
  #wake: (() => void) | undefined
  #failure: Error | undefined

  constructor(most: number) {
    this.#most = most
  }

  get acknowledged(): number {
    return this.#acknowledged
  }
  get isFull(): boolean {
    return this.#outstanding >= this.#most
  }

  began(): void {
    this.#outstanding++
  }

  readonly stored = (): void => {
    this.#acknowledged++
    if (--this.#outstanding <= this.#most >> 1) this.#wake?.()
  }

  readonly failed = (error: Error): void => {
    this.#failure ??= error
    this.#wake?.()
  }

  /** Resolves when half of the window is free. Rejects when a record failed. */
  async halfFree(): Promise<void> {
    while (this.#failure === undefined && this.#outstanding > this.#most >> 1) await this.#woken()
    if (this.#failure !== undefined) throw this.#failure
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
