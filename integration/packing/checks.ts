/** Runs the tools that judge tarballs and projects; each gives one line a problem. */
import { join } from 'node:path'
import { type CommandResult, runCommand } from '../run-command.ts'
import { nameProblems, probeSource } from './probes.ts'
import { addSource, type Project } from './project.ts'
import type { Tarball } from './tarballs.ts'

const TOOL_LIMIT_MS = 120_000
const LOAD_LIMIT_MS = 30_000

export async function publintProblems(
  repository: string,
  tarball: Tarball,
): Promise<readonly string[]> {
  const args = ['run', tarball.path, '--strict', '--pack', 'false']
  return problemsOf(`publint ${tarball.packageName}`, await tool(repository, 'publint', args))
}

export async function attwProblems(
  repository: string,
  tarball: Tarball,
): Promise<readonly string[]> {
  const args = ['--profile', 'esm-only', '--no-color', '--no-emoji', tarball.path]
  return problemsOf(`attw ${tarball.packageName}`, await tool(repository, 'attw', args))
}

/** Compiles all sources of the project; JavaScript lands in its `out` folder. */
export async function compileProblems(
  repository: string,
  project: Project,
): Promise<readonly string[]> {
  const args = ['-p', project.folder]
  return problemsOf(`tsc in the ${project.kind} project`, await tool(repository, 'tsc', args))
}

/** Type-checks, loads and lists every entry point, and holds the names against the source's. */
export async function loadProblems(
  repository: string,
  project: Project,
  expected: Readonly<Record<string, readonly string[]>>,
): Promise<readonly string[]> {
  addSource(project, 'probe.ts', probeSource(project.kind, Object.keys(expected)))
  const compiled = await compileProblems(repository, project)
  if (compiled.length > 0) return compiled
  const result = await runCommand(process.execPath, [join('out', 'probe.js')], {
    cwd: project.folder,
    timeoutMs: LOAD_LIMIT_MS,
    env: { NODE_OPTIONS: '' },
  })
  if (result.exitCode !== 0) return problemsOf(`loading in the ${project.kind} project`, result)
  const found = JSON.parse(result.stdout) as Record<string, readonly string[]>
  return nameProblems(project.kind, expected, found)
}

function tool(repository: string, name: string, args: readonly string[]): Promise<CommandResult> {
  const command = join(repository, 'node_modules', '.bin', name)
  return runCommand(command, args, { cwd: repository, timeoutMs: TOOL_LIMIT_MS })
}

function problemsOf(what: string, result: CommandResult): readonly string[] {
  if (result.exitCode === 0) return []
  return [`${what}: exit ${result.exitCode}\n${result.stdout}${result.stderr}`.trimEnd()]
}
