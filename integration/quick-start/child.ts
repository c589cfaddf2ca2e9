/** A child process that runs until it is told to stop, and is killed when it does not obey. */
import { type ChildProcess, spawn } from 'node:child_process'
import { startTimer, stopTimer } from '@millrace/core/internal'

export interface ChildSettings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** From its start on; past it the child is killed. */
  readonly limitMs: number
}

export class Child {
  readonly #process: ChildProcess
  readonly #output: string[] = []
  readonly #watchers = new Set<() => void>()
  /** Resolves with the exit code, -1 after a signal. */
  readonly exited: Promise<number>

  /** `argv` are the arguments of Node itself. */
  constructor(argv: readonly string[], settings: ChildSettings) {
    this.#process = spawn(process.execPath, [...argv], {
      cwd: settings.cwd,
      env: { ...process.env, ...settings.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output.push(text)
        this.#wake()
      })
    }
    const limit = startTimer(settings.limitMs, () => this.#process.kill('SIGKILL'))
    this.exited = new Promise((resolve) => {
      // `close` comes after the last output, and after a failed start too.
      this.#process.on('error', (error) => this.#output.push(String(error)))
      this.#process.on('close', (code) => {
        stopTimer(limit)
        resolve(code ?? -1)
        this.#wake()
      })
    })
  }

  /** Both streams, as they came. */
  get output(): string {
    return this.#output.join('')
  }

  /** The first match of the pattern in the output; undefined when the child ended without one. */
  async match(pattern: RegExp): Promise<RegExpExecArray | undefined> {
    let ended = false
    const end = this.exited.then(() => {
      ended = true
    })
    for (;;) {
      const found = pattern.exec(this.output)
      if (found !== null || ended) return found ?? undefined
      await Promise.race([end, new Promise<void>((resolve) => this.#watchers.add(resolve))])
    }
  }

  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number> {
    this.#process.kill('SIGTERM')
    return this.exited
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher()
    this.#watchers.clear()
  }
}
