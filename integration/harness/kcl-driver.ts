/** A Java process with a polling KCL in it (../java, `Bench`), which counts what it is given. */
import { resolve } from 'node:path'
import { JavaProject } from './java-project.ts'
import { LineDriver } from './line-driver.ts'

export const kclProject: JavaProject = new JavaProject(resolve(import.meta.dirname, '../java'))

export interface KclDriverSettings {
  readonly stream: string
  readonly region: string
  readonly kinesisUrl: string
  readonly dynamodbUrl: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Put before the command line. */
  readonly prefix: readonly string[]
}

export class KclDriver extends LineDriver {
  constructor(settings: KclDriverSettings) {
    super({
      classPath: kclProject.classPath,
      main: 'millrace.interop.Bench',
      flags: ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'],
      environment: {
        BENCH_STREAM: settings.stream,
        BENCH_REGION: settings.region,
        BENCH_KINESIS_URL: settings.kinesisUrl,
        BENCH_DYNAMODB_URL: settings.dynamodbUrl,
        BENCH_ACCESS_KEY: settings.credentials.accessKeyId,
        BENCH_SECRET_KEY: settings.credentials.secretAccessKey,
      },
      prefix: settings.prefix,
    })
  }
}
