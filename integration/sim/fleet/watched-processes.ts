/** Every process that a history spawns calls Kinesis through a port that is watched. */
import type { KinesisPort } from '@millrace/core'
import type { SimulatedProcess, SimulatedWorld } from '@millrace/testing'
import { WireLimits } from '../checkers/wire-limits.ts'

/** From now on; what the programme calls by itself is nobody's request. */
export function watchProcesses(world: SimulatedWorld): WireLimits {
  const limits = new WireLimits({
    nowMs: () => world.nowMs(),
    report: (rule, message) => world.violation(rule, message),
  })
  const spawn = world.spawn.bind(world)
  const watched: SimulatedWorld['spawn'] = (name, main, options) =>
    spawn(name, (process) => main(withKinesis(process, limits)), options)
  Object.assign(world, { spawn: watched })
  return limits
}

function withKinesis(process: SimulatedProcess, limits: WireLimits): SimulatedProcess {
  const kinesis: KinesisPort = limits.watched(process.kinesis, process.name)
  return { ...process, kinesis }
}
