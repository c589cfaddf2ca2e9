/** CPU time of a process that is not ours to ask, and of its children: Linux only. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

interface ProcessTimes {
  readonly parent: number
  readonly ticks: number
}

/** User and system time of a process and of all that it started and that still run, microseconds. */
export class ProcessTree {
  readonly #root: number
  readonly #usATick: number

  constructor(root: number) {
    this.#root = root
    this.#usATick = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  }

  cpuUs(): number {
    const all = new Map<number, ProcessTimes>()
    for (const name of readdirSync('/proc')) {
      const times = /^[0-9]+$/.test(name) ? timesOf(name) : undefined
      if (times !== undefined) all.set(Number(name), times)
    }
    let ticks = 0
    for (const [pid, times] of all) if (this.#isOurs(pid, all)) ticks += times.ticks
    return ticks * this.#usATick
  }

  #isOurs(pid: number, all: ReadonlyMap<number, ProcessTimes>): boolean {
    for (let at: number | undefined = pid; at !== undefined; at = all.get(at)?.parent) {
      if (at === this.#root) return true
    }
    return false
  }
}

function timesOf(pid: string): ProcessTimes | undefined {
  try {
    // The name, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    return undefined
  }
}
