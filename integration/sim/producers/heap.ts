/** The size of the heap once all garbage is gone: of this machine, hence never part of a history. */
import { memoryUsage } from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/** Bytes. */
export function heapBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  // What a first pass frees may hold more that a second one frees.
  collect()
  collect()
  return memoryUsage().heapUsed
}
