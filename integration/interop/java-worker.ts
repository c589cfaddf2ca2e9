/** The Java side of the mixed fleet: how one KCL worker is started. */
import { resolve } from 'node:path'
import type { Program } from '../demo/child-process.ts'
import { type Listening, STREAM } from '../demo/processes.ts'
import { JavaProject } from '../harness/java-project.ts'

export const javaWorkerProject: JavaProject = new JavaProject(
  resolve(import.meta.dirname, '../java'),
)

export interface JavaWorkerSettings extends Listening {
  readonly application: string
  readonly journal: string
  /** Where its log goes. */
  readonly log: string
}

export function javaWorkerProgram(settings: JavaWorkerSettings): Program {
  return {
    command: 'java',
    arguments: [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      `-Dorg.slf4j.simpleLogger.logFile=${settings.log}`,
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-cp',
      javaWorkerProject.classPath,
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
