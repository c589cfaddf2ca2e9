/**
 * Packs all packages and uses them as a stranger would: installed from tarballs into an empty ES
 * module project and a CommonJS one, type-checked there with `skipLibCheck` off, loaded, taken through
 * the quick start, and judged by publint and attw. Exit code 0: all is well; 1: a problem, each named.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { attwProblems, loadProblems, publintProblems } from './checks.ts'
import { fileListProblems } from './file-list.ts'
import { makeProject } from './project.ts'
import { entryPoints, PUBLISHED, readManifest } from './published.ts'
import { quickStartProblems } from './quick-start.ts'
import { packAll } from './tarballs.ts'

const repository = resolve(import.meta.dirname, '../..')
const scratch = mkdtempSync(join(tmpdir(), 'millrace-packing-'))
let problems = 0

function report(title: string, found: readonly string[]): void {
  process.stdout.write(`${found.length === 0 ? 'ok' : 'FAILED'} ${title}\n`)
  for (const problem of found) process.stdout.write(`   ${problem.replaceAll('\n', '\n   ')}\n`)
  problems += found.length
}

/** The names each entry point has in the sources, which this process runs on. */
async function sourceNames(): Promise<Readonly<Record<string, readonly string[]>>> {
  const names: Record<string, readonly string[]> = {}
  for (const name of PUBLISHED) {
    for (const entry of entryPoints(readManifest(join(repository, 'packages', name)))) {
      names[entry] = Object.keys((await import(entry)) as object)
    }
  }
  return names
}

try {
  const tarballs = await packAll(repository, scratch)
  report('built and packed', [])
  for (const tarball of tarballs) {
    const { packageName, files } = tarball
    report(`${packageName}: files`, fileListProblems(packageName, files))
    report(`${packageName}: publint`, await publintProblems(repository, tarball))
    report(`${packageName}: attw`, await attwProblems(repository, tarball))
  }
  const expected = await sourceNames()
  for (const kind of ['module', 'commonjs'] as const) {
    const project = await makeProject(repository, scratch, kind, tarballs)
    report(`installed in a ${kind} project`, await loadProblems(repository, project, expected))
    if (kind === 'module') {
      report('quick start, installed', await quickStartProblems(repository, project))
    }
  }
} catch (cause) {
  report('packing', [cause instanceof Error ? cause.message : String(cause)])
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exitCode = problems === 0 ? 0 : 1
