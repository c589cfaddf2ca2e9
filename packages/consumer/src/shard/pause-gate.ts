/** Holds the delivery back while the user has paused it. */

export class PauseGate {
  #opened: Promise<void> | undefined
  #open: () => void = () => {}

  get isPaused(): boolean {
    return this.#opened !== undefined
  }

  pause(): void {
    this.#opened ??= new Promise((resolve) => {
      this.#open = resolve
    })
  }

  resume(): void {
    this.#opened = undefined
    this.#open()
  }

  /** Resolves once nothing holds back, or the signal fires. */
  async pass(signal: AbortSignal): Promise<void> {
    while (this.#opened !== undefined && !signal.aborted) {
      await orAborted(this.#opened, signal)
    }
  }
}

function orAborted(opened: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    opened.then(done, done)
  })
}
