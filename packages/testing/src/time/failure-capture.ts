/** Takes what nobody caught away from the test runner while virtual time runs. */
const EVENTS = ['unhandledRejection', 'uncaughtException'] as const

/** The function returned gives the events back to their former listeners. */
export function captureFailures(onFailure: (cause: unknown) => void): () => void {
  const former = EVENTS.map((event) => ({ event, listeners: process.rawListeners(event) }))
  for (const event of EVENTS) {
    process.removeAllListeners(event)
    process.on(event, onFailure)
  }
  return () => {
    for (const { event, listeners } of former) {
      process.removeListener(event, onFailure)
      for (const listener of listeners) process.on(event, listener as () => void)
    }
  }
}
