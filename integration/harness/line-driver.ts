/** A Java process that is spoken to line by line. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

/** Its last lines are kept for the case that something goes wrong. */
const KEPT_CHARACTERS = 4000

export interface JavaProgram {
  readonly classPath: string
  readonly main: string
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Put before the command line. */
  readonly prefix: readonly string[]
}

export class LineDriver {
  readonly #process: ChildProcess
  readonly #lines: Interface
  readonly #main: string
  #errors = ''

  constructor({ classPath, main, flags, environment, prefix }: JavaProgram) {
    this.#main = main
    const [command = '', ...args] = [...prefix, 'java', ...flags, '-cp', classPath, main]
    this.#process = spawn(command, args, {
      env: { ...process.env, AWS_EC2_METADATA_DISABLED: 'true', ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-KEPT_CHARACTERS)
    })
  }

  get pid(): number {
    return this.#process.pid ?? -1
  }

  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`)
  }

  /** Tells it something and gives its answer. Rejects when it ends instead. */
  ask(line: string): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => {
      const onEnd = (code: number | null): void => {
        this.#lines.off('line', onLine)
        reject(new Error(`${this.#main} ended with ${code}: ${this.#errors}`))
      }
      const onLine = (text: string): void => {
        this.#process.off('close', onEnd)
        resolve(text)
      }
      this.#lines.once('line', onLine)
      this.#process.once('close', onEnd)
    })
    this.tell(line)
    return answer
  }

  /** Its input ends, and it does. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('close', resolve))
    this.#process.stdin?.end()
    await ended
  }
}
