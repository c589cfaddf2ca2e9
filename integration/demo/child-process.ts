/** The parent's end of the line to one child: start, messages, signals, and how it ended. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { join } from 'node:path'
import { startTimer, stopTimer } from '@millrace/core/internal'

export type ChildName = 'server' | 'producer' | 'worker'

/** A program that is not ours to fork: it gets no messages, and ends when its stdin does. */
export interface Program {
  readonly command: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** Its last lines are kept for the case that something goes wrong. */
const KEPT_CHARACTERS = 8000

export class DemoChild {
  readonly name: ChildName
  readonly #process: ChildProcess
  #output = ''
  #ended: string | undefined
  #message: unknown
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>
  #onMessage: (() => void) | undefined

  /** Runs the TypeScript source with the flags of this process: nothing has to be built. */
  static ofSource(name: ChildName, settings: object): DemoChild {
    const source = join(import.meta.dirname, `${name}.ts`)
    const child = fork(source, [JSON.stringify(settings)], {
      execArgv: process.execArgv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    return new DemoChild(name, child)
  }

  static ofProgram(name: ChildName, program: Program): DemoChild {
    const child = spawn(program.command, program.arguments, {
      env: { ...process.env, ...program.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    return new DemoChild(name, child)
  }

  private constructor(name: ChildName, child: ChildProcess) {
    this.name = name
    this.#process = child
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_CHARACTERS)
      })
    }
    this.#process.on('message', (message) => {
      this.#message = message
      this.#onMessage?.()
    })
    this.exited = new Promise((resolve) => {
      this.#process.on('error', (error) => {
        this.#output += String(error)
      })
      this.#process.on('close', (code, signal) => {
        this.#ended = signal ?? `exit code ${code}`
        resolve()
        this.#onMessage?.()
      })
    })
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }
  /** `SIGKILL`, `exit code 0`; undefined while it runs. */
  get ended(): string | undefined {
    return this.#ended
  }
  get output(): string {
    return this.#output
  }
  /** What it told its parent last. */
  get message(): unknown {
    return this.#message
  }

  /** Its message, or undefined when it ended or said nothing for too long. */
  async told(limitMs: number): Promise<unknown> {
    if (this.#message !== undefined || this.#ended !== undefined) return this.#message
    await new Promise<void>((resolve) => {
      const timer = startTimer(limitMs, resolve)
      this.#onMessage = () => {
        stopTimer(timer)
        resolve()
      }
    })
    return this.#message
  }

  /** Resolves when it is gone: by itself within the limit, killed otherwise. */
  async stop(limitMs: number): Promise<void> {
    this.#process.kill('SIGTERM')
    const timer = startTimer(limitMs, () => this.#process.kill('SIGKILL'))
    await this.exited
    stopTimer(timer)
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.exited
  }
}
