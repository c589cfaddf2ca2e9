/** What to put before a command line, where the machine can do it. */
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'

let canPin: boolean | undefined

/** Keeps a process and its children on one processor; nothing where that cannot be done. */
export function onOneProcessor(cpu = 0): readonly string[] {
  canPin ??= cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0
  return canPin && cpu < cpus().length ? ['taskset', '-c', String(cpu)] : []
}
