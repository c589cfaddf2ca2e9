/**
 * An empty project outside the repository with the tarballs in its node_modules, laid by hand and
 * not by `npm install`: no network, no minutes, and stricter. Our packages see exactly the third-party
 * packages that their manifests declare (links into the repository's node_modules), so an
 * undeclared import fails here, where a hoisted install would hide it.
 */
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { runCommand } from '../run-command.ts'
import { readManifest } from './published.ts'
import type { Tarball } from './tarballs.ts'

export type ProjectKind = 'module' | 'commonjs'

export interface Project {
  readonly kind: ProjectKind
  readonly folder: string
}

const EXTRACT_LIMIT_MS = 30_000

/** Makes the project below `scratch`. @throws when a tarball or a dependency cannot be installed */
export async function makeProject(
  repository: string,
  scratch: string,
  kind: ProjectKind,
  tarballs: readonly Tarball[],
): Promise<Project> {
  const folder = mkdtempSync(join(scratch, `${kind}-`))
  const manifest = { name: `a-stranger-${kind}`, private: true, type: kind }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  for (const { packageName, path } of tarballs) await extract(path, installed(folder, packageName))
  for (const { packageName } of tarballs) linkDependencies(repository, folder, packageName)
  link(repository, folder, '@types/node', repository)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
  return { kind, folder }
}

/** What a careful user of ours has, `skipLibCheck` off: our declarations are checked too. */
const TSCONFIG = {
  compilerOptions: {
    target: 'ES2023',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    rewriteRelativeImportExtensions: true,
    rootDir: '.',
    outDir: 'out',
  },
  include: ['*.ts'],
}

/** Copies a source file into the project. */
export function addSource(project: Project, name: string, text: string): void {
  writeFileSync(join(project.folder, name), text)
}

export function copySource(project: Project, from: string, name: string): void {
  cpSync(from, join(project.folder, name))
}

function installed(folder: string, packageName: string): string {
  return join(folder, 'node_modules', packageName)
}

async function extract(tarball: string, destination: string): Promise<void> {
  mkdirSync(destination, { recursive: true })
  const args = ['-xzf', tarball, '-C', destination, '--strip-components=1']
  const { exitCode, stderr } = await runCommand('tar', args, {
    cwd: destination,
    timeoutMs: EXTRACT_LIMIT_MS,
  })
  if (exitCode !== 0) throw new Error(`tar cannot read ${tarball}: ${stderr}`)
}

function linkDependencies(repository: string, folder: string, packageName: string): void {
  const { dependencies = {} } = readManifest(installed(folder, packageName))
  const workspace = join(repository, 'packages', packageName.split('/')[1] ?? '')
  for (const name of Object.keys(dependencies)) {
    if (!name.startsWith('@millrace/')) link(workspace, folder, name, repository)
  }
}

/** Links the copy of a package that `from` would use, wherever npm has put it. */
function link(from: string, folder: string, name: string, repository: string): void {
  const target = join(folder, 'node_modules', name)
  const candidates = [join(from, 'node_modules', name), join(repository, 'node_modules', name)]
  const source = candidates.find(hasManifest)
  if (source === undefined) throw new Error(`${name} is declared but not installed`)
  mkdirSync(dirname(target), { recursive: true })
  try {
    symlinkSync(source, target, 'junction')
  } catch (cause) {
    // Two of our packages may share a dependency.
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  }
}

function hasManifest(folder: string): boolean {
  try {
    createRequire(import.meta.url).resolve(join(folder, 'package.json'))
    return true
  } catch {
    return false
  }
}
