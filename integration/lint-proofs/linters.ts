/** Runs the linters as `npm run lint` does, with their answers as data. */
import { join } from 'node:path'
import { runCommand } from '../run-command.ts'
import type { Finding } from './verdict.ts'

const LIMIT_MS = 120_000

interface OxlintReport {
  readonly diagnostics: readonly {
    readonly code: string
    readonly message: string
    readonly severity: string
    readonly filename: string
  }[]
}

interface BiomeReport {
  readonly diagnostics: readonly {
    readonly category: string
    readonly message: string
    readonly severity: string
    readonly location: { readonly path: string } | null
  }[]
}

/** Every error that either linter has about the tree. @throws when a linter could not run */
export async function lintErrors(tree: string): Promise<readonly Finding[]> {
  const [oxlint, biome] = await Promise.all([runOxlint(tree), runBiome(tree)])
  return [...oxlint, ...biome]
}

async function runOxlint(tree: string): Promise<readonly Finding[]> {
  const folders = ['packages', 'integration', 'bench', 'examples']
  const args = ['--type-aware', '--format', 'json', ...folders]
  const report = await json<OxlintReport>(tree, 'oxlint', args)
  return report.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ code, message, filename }) => ({
      linter: 'oxlint',
      path: filename,
      text: `${code}: ${message}`,
    }))
}

async function runBiome(tree: string): Promise<readonly Finding[]> {
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.']
  const report = await json<BiomeReport>(tree, 'biome', args)
  return report.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ category, message, location }) => ({
      linter: 'biome',
      path: location?.path ?? '',
      text: `${category}: ${message}`,
    }))
}

async function json<T>(tree: string, tool: string, args: readonly string[]): Promise<T> {
  const command = join(tree, 'node_modules', '.bin', tool)
  const { stdout, stderr } = await runCommand(command, args, { cwd: tree, timeoutMs: LIMIT_MS })
  try {
    return JSON.parse(stdout) as T
  } catch (cause) {
    throw new Error(`${tool} gave no JSON: ${stdout.slice(0, 500)} ${stderr.slice(0, 500)}`, {
      cause,
    })
  }
}
