/** A copy of the repository's settings in a temporary folder, with given files as its only code. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const SETTINGS = [
  '.gitignore',
  '.oxlintrc.json',
  'biome.json',
  'lint',
  'package.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'tsconfig.test.json',
]
const WORKSPACES = [
  'packages/core',
  'packages/producer',
  'packages/consumer',
  'packages/testing',
  'integration',
  'bench',
  'examples',
]
const WORKSPACE_SETTINGS = ['package.json', 'tsconfig.json', 'test/tsconfig.json']

/** Calls `work` with the folder, which is gone afterwards. */
export async function inPlantedTree<T>(
  repository: string,
  files: ReadonlyMap<string, string>,
  work: (tree: string) => Promise<T>,
): Promise<T> {
  const tree = mkdtempSync(join(tmpdir(), 'millrace-lint-proofs-'))
  try {
    for (const name of SETTINGS) {
      cpSync(join(repository, name), join(tree, name), { recursive: true })
    }
    for (const workspace of WORKSPACES) {
      for (const name of WORKSPACE_SETTINGS) {
        const from = join(repository, workspace, name)
        if (existsSync(from)) cpSync(from, join(tree, workspace, name))
      }
    }
    symlinkSync(join(repository, 'node_modules'), join(tree, 'node_modules'))
    for (const [path, source] of files) {
      mkdirSync(dirname(join(tree, path)), { recursive: true })
      writeFileSync(join(tree, path), `${source}\n`)
    }
    return await work(tree)
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}
