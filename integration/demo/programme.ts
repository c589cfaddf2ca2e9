/** What happens to the fleet and the stream while records flow, and whom it hits. Pure. */
import type { WorkerView } from './fleet-view.ts'

export type Step = 'join' | 'split' | 'kill' | 'merge'

/** Share of the records that are put when each step is due: all fall among the puts. */
const DUE: readonly (readonly [Step, number])[] = [
  ['join', 0.08],
  ['split', 0.35],
  ['kill', 0.5],
  ['merge', 0.65],
]

/** The next step, once it is due; one at a time, in order. */
export function dueStep(done: number, acked: number, records: number): Step | undefined {
  const next = DUE[done]
  if (next === undefined) return undefined
  const [step, share] = next
  return acked >= share * records ? step : undefined
}

/** The live worker with the most shards: killing it hurts most. It must be at work. */
export function chooseVictim(workers: readonly WorkerView[]): WorkerView | undefined {
  return workers
    .filter(({ alive, held, delivered }) => alive && held.size > 0 && delivered > 0)
    .sort((a, b) => b.held.size - a.held.size || b.delivered - a.delivered)[0]
}
