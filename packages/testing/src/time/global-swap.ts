/** Puts virtual clocks, timers and randomness in the place of the global ones, and back. */
import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { SeededRandom } from './seeded-random.ts'
import { virtualDate } from './virtual-date.ts'
import { processContext } from './virtual-process.ts'
import type { VirtualScheduler } from './virtual-scheduler.ts'
import { virtualTimerFunctions } from './virtual-timers.ts'

/** Swaps all; the function returned restores every property as it was. */
export function swapGlobals(scheduler: VirtualScheduler, epochMs: number): () => void {
  const undo: (() => void)[] = []
  const swap = (target: object, key: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(target, key)
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, key)
      else Object.defineProperty(target, key, before)
    })
    const enumerable = before?.enumerable ?? false
    Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable })
  }
  const monotonicMs = (): number => {
    const process = processContext.getStore()
    return process === undefined ? scheduler.elapsedMs : process.localMs(scheduler.elapsedMs)
  }
  const wallMs = (): number =>
    Math.floor(epochMs + monotonicMs() + (processContext.getStore()?.wallOffsetMs ?? 0))
  const random = (): SeededRandom => processContext.getStore()?.random ?? scheduler.ambientRandom

  for (const [name, value] of Object.entries(virtualTimerFunctions(scheduler))) {
    swap(globalThis, name, value)
  }
  swap(globalThis, 'Date', virtualDate(Date, wallMs))
  swap(performance, 'now', monotonicMs)
  swap(Math, 'random', () => random().next())
  swap(globalThis.crypto, 'randomUUID', () => random().uuid())
  // core/random imports it by name: the ES view of the module has to be told.
  swap(nodeCrypto, 'randomUUID', () => random().uuid())
  syncBuiltinESMExports()
  return () => {
    for (const restore of undo.reverse()) restore()
    syncBuiltinESMExports()
  }
}
