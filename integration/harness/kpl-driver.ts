/** A Java process with the real KPL in it (../java-kpl), spoken to line by line. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { JavaProject } from './java-project.ts'
import { LineDriver } from './line-driver.ts'

export const kplProject: JavaProject = new JavaProject(resolve(import.meta.dirname, '../java-kpl'))

export interface KplDriverSettings {
  readonly main: 'Load' | 'Vectors'
  readonly stream: string
  readonly region: string
  /** Of a TLS endpoint on this machine. */
  readonly port: number
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly dataBytes?: number
  /** Put before the command line. */
  readonly prefix?: readonly string[]
}

export class KplDriver extends LineDriver {
  /** The native child is unpacked there. */
  readonly #folder: string

  constructor(settings: KplDriverSettings) {
    const { main, stream, region, port, credentials, dataBytes = 0, prefix = [] } = settings
    const folder = mkdtempSync(join(tmpdir(), 'millrace-kpl-'))
    super({
      classPath: kplProject.classPath,
      main: `millrace.kpl.${main}`,
      flags: ['-Xmx1g'],
      environment: {
        KPL_STREAM: stream,
        KPL_REGION: region,
        KPL_PORT: String(port),
        KPL_ACCESS_KEY: credentials.accessKeyId,
        KPL_SECRET_KEY: credentials.secretAccessKey,
        KPL_DATA_BYTES: String(dataBytes),
        KPL_TEMP: folder,
      },
      prefix,
    })
    this.#folder = folder
  }

  override async stop(): Promise<void> {
    await super.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
