/** Builds the packages and packs each into a tarball, as a release would. */
import { join } from 'node:path'
import { runCommand } from '../run-command.ts'
import { PUBLISHED } from './published.ts'

export interface Tarball {
  readonly packageName: string
  readonly path: string
  /** Paths inside the package. */
  readonly files: readonly string[]
}

const BUILD_LIMIT_MS = 120_000
const PACK_LIMIT_MS = 60_000

interface NpmPackReport {
  readonly name: string
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** @throws when the build or npm fails */
export async function packAll(
  repository: string,
  destination: string,
): Promise<readonly Tarball[]> {
  const folders = PUBLISHED.map((name) => join('packages', name))
  await succeed(repository, ['npx', 'tsc', '--build', ...folders], BUILD_LIMIT_MS)
  const workspaces = folders.flatMap((folder) => ['--workspace', folder])
  const pack = ['npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', destination]
  const stdout = await succeed(repository, [...pack, ...workspaces], PACK_LIMIT_MS)
  return (JSON.parse(stdout) as readonly NpmPackReport[]).map(({ name, filename, files }) => ({
    packageName: name,
    // npm 9 and 10 report the scoped name here, but write it with a dash.
    path: join(destination, filename.replace(/^@/, '').replace('/', '-')),
    files: files.map(({ path }) => path),
  }))
}

async function succeed(cwd: string, words: readonly string[], timeoutMs: number): Promise<string> {
  const [command = '', ...args] = words
  const { exitCode, stdout, stderr } = await runCommand(command, args, { cwd, timeoutMs })
  if (exitCode !== 0) throw new Error(`${words.join(' ')}: exit ${exitCode}\n${stdout}${stderr}`)
  return stdout
}
