/** A process that runs the seeds it is sent, so that all cores are used: see seed-pool.ts. */
import { runSeeds } from './run-seeds.ts'
import { SCENARIOS } from './scenarios.ts'
import type { SeedTask } from './seed-pool.ts'

const names = new Set(process.argv.slice(2))
const scenarios = SCENARIOS.filter(({ name }) => names.has(name))

process.on('message', (task: SeedTask) => {
  void (async () => {
    const facts = []
    for await (const fact of runSeeds(scenarios, task)) facts.push(fact)
    process.send?.(facts)
  })()
})
