/** Handler calls that do not settle before the script says so. */
import type { HandlerCall } from '../fleet/handlers.ts'
import type { Stage } from '../fleet/stage.ts'

export interface HandlerHold {
  /** Calls that were held so far. */
  readonly calls: number
  /** All of them go on, and none is held any more. */
  release(): void
}

/** No timer of the worker is behind it: whatever is left of such a call is nothing of ours. */
export function holdCalls(stage: Stage, isHeld: (call: HandlerCall) => boolean): HandlerHold {
  let calls = 0
  let isOver = false
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  stage.onCall = async (call) => {
    if (isOver || !isHeld(call)) return
    calls++
    await released
  }
  return {
    get calls() {
      return calls
    },
    release: () => {
      isOver = true
      release()
    },
  }
}
