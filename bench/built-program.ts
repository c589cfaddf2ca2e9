/**
 * The program of a client under test, as its users run one: JavaScript that Node loads by itself, with the
 * built packages. A loader of TypeScript would keep objects of its own, which every collection walks.
 */
import { spawnSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'
import { buildSync } from 'esbuild'
import { PrerequisiteAbsentError } from './benchmark.ts'

const ROOT = join(import.meta.dirname, '..')
/** Below the folder whose modules the programs find. */
const BUILT = join(import.meta.dirname, 'dist')
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc')
const PACKAGES = ['core', 'producer', 'consumer', 'testing']

/** By their source: a client that is started must not find its program half written. */
const programs = new Map<string, string>()

/**
 * Builds it, and the packages before the first.
 *
 * @param source its whole path
 * @returns the path of what is built of it
 * @throws PrerequisiteAbsentError when the packages do not compile
 */
export function builtProgram(source: string): string {
  if (programs.size === 0) buildPackages()
  const known = programs.get(source)
  if (known !== undefined) return known
  const outfile = join(BUILT, basename(dirname(source)), `${basename(source, '.ts')}.mjs`)
  buildSync({
    entryPoints: [source],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  programs.set(source, outfile)
  return outfile
}

/** What stands in `dist` may be older than the source. */
function buildPackages(): void {
  const paths = PACKAGES.map((name) => join(ROOT, 'packages', name))
  const { status, stdout, error } = spawnSync(COMPILER, ['--build', ...paths], { encoding: 'utf8' })
  if (status === 0) return
  throw new PrerequisiteAbsentError(`the packages do not compile:\n${error?.message ?? stdout}`)
}
