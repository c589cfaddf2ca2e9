/** Runs the simulator over a temporary copy of the sources with one of them broken. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../run-command.ts'
import { unknownName } from '../arguments.ts'
import type { Mutant } from './mutant.ts'
import { MUTANTS } from './mutants.ts'

/** The source has moved on: a mutant that changes nothing proves nothing. */
export class MutantNotAppliedError extends Error {}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const PACKAGES = ['core', 'producer', 'consumer', 'testing'] as const
const TIMEOUT_MS = 600_000
/** A programme that does not even start ends with 1, too. */
const FINDING = /^\S+ seed \d+: |, its limit is /m

/** @returns 1 when the mutant was found, 0 when it survived */
export async function runMutant(
  name: string,
  json: boolean,
  say: (line: string) => void,
): Promise<number> {
  const mutant = MUTANTS.find((one) => one.name === name)
  if (mutant === undefined) {
    const known = MUTANTS.map((one) => one.name)
    throw unknownName('mutant', name, known)
  }
  const copy = mkdtempSync(join(tmpdir(), 'millrace-mutant-'))
  try {
    copySources(copy)
    applyPatch(copy, mutant)
    const result = await runCommand(
      process.execPath,
      [
        ...process.execArgv,
        join(copy, 'integration/sim/main.ts'),
        '--scenario',
        mutant.scenario,
        '--from',
        String(mutant.from),
        '--seeds',
        String(mutant.seeds),
        ...['--no-timeline', '--until-found'],
        ...(json ? ['--json'] : []),
      ],
      { cwd: copy, timeoutMs: TIMEOUT_MS },
    )
    for (const line of result.stdout.trimEnd().split('\n').slice(-12)) say(line)
    const found = result.exitCode === 1 && FINDING.test(result.stdout)
    if (result.exitCode !== 0 && !found) {
      throw new MutantNotAppliedError(
        `the mutant ${name} does not run: ${result.stderr.slice(-2000)}`,
      )
    }
    if (!json) say(result.exitCode === 1 ? `mutant ${name}: found` : `mutant ${name}: SURVIVED`)
    return result.exitCode
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Sources alone; what they depend on is linked, so that nothing is installed. */
function copySources(copy: string): void {
  for (const name of PACKAGES) {
    cpSync(join(ROOT, 'packages', name, 'src'), join(copy, 'packages', name, 'src'), {
      recursive: true,
    })
    cpSync(
      join(ROOT, 'packages', name, 'package.json'),
      join(copy, 'packages', name, 'package.json'),
    )
  }
  cpSync(join(ROOT, 'integration/sim'), join(copy, 'integration/sim'), { recursive: true })
  cpSync(join(ROOT, 'integration/run-command.ts'), join(copy, 'integration/run-command.ts'))
  for (const file of ['package.json', 'integration/package.json', 'tsconfig.base.json']) {
    cpSync(join(ROOT, file), join(copy, file))
  }
  linkModules(copy)
}

function linkModules(copy: string): void {
  const modules = join(copy, 'node_modules')
  mkdirSync(join(modules, '@millrace'), { recursive: true })
  for (const entry of readdirSync(join(ROOT, 'node_modules'))) {
    if (entry.startsWith('.') || entry === '@millrace') continue
    symlinkSync(join(ROOT, 'node_modules', entry), join(modules, entry))
  }
  for (const name of PACKAGES) {
    symlinkSync(join(copy, 'packages', name), join(modules, '@millrace', name))
  }
}

function applyPatch(copy: string, { name, file, find, replace }: Mutant): void {
  const path = join(copy, file)
  const source = readFileSync(path, 'utf8')
  const parts = source.split(find)
  if (parts.length !== 2) {
    throw new MutantNotAppliedError(
      `the mutant ${name} no longer applies: its text occurs ${parts.length - 1} times in ${file}`,
    )
  }
  writeFileSync(path, parts.join(replace))
}
