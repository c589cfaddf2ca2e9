/**
 * Shows that each lint rule of ours bites: plants bad lines, one a rule and folder, in a temporary
 * copy of the settings and holds what the linters say against what they must say.
 * Exit code 0: every proof holds; 1: one does not.
 */
import { resolve } from 'node:path'
import { lintErrors } from './linters.ts'
import { ALLOWED, PLANTS } from './plants.ts'
import { inPlantedTree } from './tree.ts'
import { failedProofs } from './verdict.ts'

const repository = resolve(import.meta.dirname, '../..')
const files = new Map(Object.entries(ALLOWED))
for (const { path, source, beside } of PLANTS) {
  files.set(path, source)
  for (const [name, text] of Object.entries(beside ?? {})) files.set(name, text)
}
const findings = await inPlantedTree(repository, files, lintErrors)
const failures = failedProofs(PLANTS, Object.keys(ALLOWED), findings)
for (const failure of failures) process.stdout.write(`${failure}\n`)
process.stdout.write(`lint proofs: ${PLANTS.length} planted, ${failures.length} failed\n`)
process.exitCode = failures.length === 0 ? 0 : 1
