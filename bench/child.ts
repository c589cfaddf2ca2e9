/** The parent's end of a Node process of a benchmark: one question, one answer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { onOneProcessor } from '../integration/harness/processor-pinning.ts'

export class BenchChild<Question extends object, Answer> {
  readonly #name: string
  readonly #process: ChildProcess

  /**
   * @param file its whole path: TypeScript, run with the flags of this process, or a built program
   */
  constructor(
    file: string,
    options: {
      readonly cpu: number
      readonly argument?: string
      readonly flags?: readonly string[]
      readonly environment?: Readonly<Record<string, string>>
    },
  ) {
    this.#name = options.argument ?? file
    const [command = '', ...args] = [
      ...onOneProcessor(options.cpu),
      process.execPath,
      ...(file.endsWith('.ts') ? process.execArgv : withoutLoader(process.execArgv)),
      ...(options.flags ?? []),
      file,
      ...(options.argument === undefined ? [] : [options.argument]),
    ]
    this.#process = spawn(command, args, {
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  }

  ask(question: Question): Promise<Answer> {
    const answer = this.told()
    this.#process.send(question)
    return answer as Promise<Answer>
  }

  /** Its next message. Rejects when it ends instead. */
  told(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: unknown): void => {
        this.#process.off('exit', onExit)
        resolve(message)
      }
      const onExit = (code: number | null, signal: string | null): void => {
        this.#process.off('message', onMessage)
        reject(new Error(`${this.#name} ended: ${signal ?? code}`))
      }
      this.#process.once('message', onMessage)
      this.#process.once('exit', onExit)
    })
  }

  /** It ends when the line is cut. */
  stop(): void {
    if (this.#process.connected) this.#process.disconnect()
  }
}

/** The flags of this process that a built program needs: without those that load TypeScript. */
function withoutLoader(flags: readonly string[]): readonly string[] {
  const kept: string[] = []
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i] as string
    if (isLoading(flag)) continue
    // An option and its value can be two words.
    if (isLoading(`${flag}=${flags[i + 1]}`)) i++
    else kept.push(flag)
  }
  return kept
}

function isLoading(flag: string): boolean {
  return /^(--import=tsx|(--conditions|-C)=@millrace\/source$)/.test(flag)
}
