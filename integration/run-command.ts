/** Runs a child process to its end, within a time limit. */
import { execFile } from 'node:child_process'

export interface CommandResult {
  /** -1 when it was ended by a signal, such as that of the time limit. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandSettings {
  readonly cwd: string
  /** Past it the child is killed. */
  readonly timeoutMs: number
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Never rejects: what went wrong is in the result. */
export function runCommand(
  command: string,
  args: readonly string[],
  settings: CommandSettings,
): Promise<CommandResult> {
  const options = {
    cwd: settings.cwd,
    timeout: settings.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT_BYTES,
    env: { ...process.env, ...settings.env },
  } as const
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) {
        resolve({ exitCode: 0, stdout, stderr })
        return
      }
      const ended = typeof error.code === 'number'
      const why = ended
        ? ''
        : `\n${command}: ${error.killed ? 'killed at its limit' : error.message}`
      resolve({ exitCode: ended ? Number(error.code) : -1, stdout, stderr: `${stderr}${why}` })
    })
  })
}
