/** Plays a failing history again and tells it: the command that replays it, and its timeline. */
import { type FoundViolation, replayCommand } from '../run-seeds.ts'
import { runSeed, type Scenario } from '../scenario.ts'
import { timelineOf } from './timeline.ts'
import { isTold, traceEvents } from './trace-events.ts'

/** Same seed, same history: what it found then it finds now. */
export async function showFailure(
  found: FoundViolation,
  scenarios: readonly Scenario[],
  say: (line: string) => void,
): Promise<void> {
  const scenario = scenarios.find(({ name }) => name === found.scenario)
  if (scenario === undefined) return
  say(`the first failure: ${found.scenario} seed ${found.seed}, ${found.rule}: ${found.message}`)
  say(`replay it: ${replayCommand(found)}`)
  const lines: string[] = []
  await runSeed(scenario, found.seed, (line) => {
    if (isTold(line)) lines.push(line)
  })
  for (const line of timelineOf(traceEvents(lines))) say(line)
}
