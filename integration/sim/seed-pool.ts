/** Seeds spread over processes. What they find is in the order of the seeds, however many there are. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { HistoryFact, SeedRange } from './run-seeds.ts'
import type { Scenario } from './scenario.ts'

export type SeedTask = SeedRange

export interface SeedPoolOptions {
  readonly scenarios: readonly Scenario[]
  readonly range: SeedRange
  readonly jobs: number
  readonly onFacts: (facts: readonly HistoryFact[]) => void
}

/** Small, so that no process is idle for long at the end. */
const SEEDS_AT_ONCE = 5
const PROGRAM = fileURLToPath(new URL('./seed-process.ts', import.meta.url))

export async function runInProcesses(options: SeedPoolOptions): Promise<readonly HistoryFact[]> {
  const { scenarios, range, jobs, onFacts } = options
  const tasks = split(range)
  const results: (readonly HistoryFact[])[] = []
  let next = 0
  const work = async (): Promise<void> => {
    const child = fork(
      PROGRAM,
      scenarios.map(({ name }) => name),
    )
    try {
      for (let i = next++; i < tasks.length; i = next++) {
        const facts = await factsOf(child, tasks[i] as SeedTask)
        results[i] = facts
        onFacts(facts)
      }
    } finally {
      child.kill()
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, work))
  return results.flat()
}

function split({ from, seeds }: SeedRange): readonly SeedTask[] {
  const tasks: SeedTask[] = []
  for (let at = 0; at < seeds; at += SEEDS_AT_ONCE) {
    tasks.push({ from: from + at, seeds: Math.min(SEEDS_AT_ONCE, seeds - at) })
  }
  return tasks
}

/** @throws Error when the process ends before it answers */
function factsOf(child: ChildProcess, task: SeedTask): Promise<readonly HistoryFact[]> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      reject(new Error(`a process that ran seeds from ${task.from} on ended with ${code}`))
    }
    child.once('exit', onExit)
    child.once('message', (facts) => {
      child.off('exit', onExit)
      resolve(facts as readonly HistoryFact[])
    })
    child.send(task)
  })
}
