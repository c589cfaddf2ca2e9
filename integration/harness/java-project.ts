/** A Maven project of this repository: what it needs on this machine, its build, its class path. */
import { delimiter, join } from 'node:path'
import { AbsentError } from '../interop/exit-codes.ts'
import { type CommandResult, runCommand } from '../run-command.ts'

const PROBE_LIMIT_MS = 30_000
/** The first build fetches the libraries. */
const BUILD_LIMIT_MS = 540_000
const LEAST_JAVA = 17
const TAIL_CHARACTERS = 2000

export class JavaProject {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  get classPath(): string {
    const target = join(this.#folder, 'target')
    return [join(target, 'classes'), join(target, 'lib', '*')].join(delimiter)
  }

  /** @throws AbsentError naming what is absent */
  async build(): Promise<void> {
    await this.#requireJdk()
    const maven = await this.#run('mvn', ['-v'], PROBE_LIMIT_MS)
    if (maven.exitCode !== 0) throw new AbsentError('Maven is absent: there is no mvn command')
    const build = await this.#run('mvn', ['-q', '-B', 'package'], BUILD_LIMIT_MS)
    if (build.exitCode === 0) return
    const why = `${build.stdout}${build.stderr}`.trim().slice(-TAIL_CHARACTERS)
    throw new AbsentError(
      `the Java side is absent: Maven could not build it (is a Maven registry reached?)\n${why}`,
    )
  }

  async #requireJdk(): Promise<void> {
    const { exitCode, stdout } = await this.#run('javac', ['-version'], PROBE_LIMIT_MS)
    const major = Number(/^javac ([0-9]+)/.exec(stdout)?.[1])
    if (exitCode === 0 && major >= LEAST_JAVA) return
    throw new AbsentError(
      `a JDK of version ${LEAST_JAVA} or later is absent: javac does not answer`,
    )
  }

  #run(command: string, args: readonly string[], timeoutMs: number): Promise<CommandResult> {
    return runCommand(command, args, { cwd: this.#folder, timeoutMs })
  }
}
