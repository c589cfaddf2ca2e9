/** The Java side: what it needs on this machine, its build, and how one worker is started. */
import { delimiter, join, resolve } from 'node:path'
import type { Program } from '../demo/child-process.ts'
import { type Listening, STREAM } from '../demo/processes.ts'
import { type CommandResult, runCommand } from '../run-command.ts'
import { AbsentError } from './exit-codes.ts'

const PROJECT = resolve(import.meta.dirname, '../java')
const PROBE_LIMIT_MS = 30_000
/** The first build fetches KCL and the AWS SDK. */
const BUILD_LIMIT_MS = 540_000
const LEAST_JAVA = 17
const TAIL_CHARACTERS = 2000

/** @throws AbsentError naming what is absent */
export async function buildJavaWorker(): Promise<void> {
  await requireJdk()
  const maven = await run('mvn', ['-v'], PROBE_LIMIT_MS)
  if (maven.exitCode !== 0) throw new AbsentError('Maven is absent: there is no mvn command')
  const build = await run('mvn', ['-q', '-B', 'package'], BUILD_LIMIT_MS)
  if (build.exitCode === 0) return
  const why = `${build.stdout}${build.stderr}`.trim().slice(-TAIL_CHARACTERS)
  throw new AbsentError(
    `the Java worker is absent: Maven could not build it (is a Maven registry reached?)\n${why}`,
  )
}

async function requireJdk(): Promise<void> {
  const { exitCode, stdout } = await run('javac', ['-version'], PROBE_LIMIT_MS)
  const major = Number(/^javac ([0-9]+)/.exec(stdout)?.[1])
  if (exitCode === 0 && major >= LEAST_JAVA) return
  throw new AbsentError(`a JDK of version ${LEAST_JAVA} or later is absent: javac does not answer`)
}

function run(command: string, args: readonly string[], timeoutMs: number): Promise<CommandResult> {
  return runCommand(command, args, { cwd: PROJECT, timeoutMs })
}

export interface JavaWorkerSettings extends Listening {
  readonly application: string
  readonly journal: string
  /** Where its log goes. */
  readonly log: string
}

export function javaWorkerProgram(settings: JavaWorkerSettings): Program {
  const target = join(PROJECT, 'target')
  const classPath = [join(target, 'classes'), join(target, 'lib', '*')].join(delimiter)
  return {
    command: 'java',
    arguments: [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      `-Dorg.slf4j.simpleLogger.logFile=${settings.log}`,
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-cp',
      classPath,
      'millrace.interop.Worker',
    ],
    environment: {
      AWS_EC2_METADATA_DISABLED: 'true',
      INTEROP_STREAM: STREAM,
      INTEROP_APPLICATION: settings.application,
      INTEROP_KINESIS_URL: settings.kinesisUrl,
      INTEROP_DYNAMODB_URL: settings.dynamodbUrl,
      INTEROP_JOURNAL: settings.journal,
    },
  }
}
