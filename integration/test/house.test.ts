import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const REPOSITORY = resolve(import.meta.dirname, '../..')
const PACKAGES = ['core', 'producer', 'consumer', 'testing']
const SOURCE_FOLDERS = [...PACKAGES.map((name) => `packages/${name}/src`), 'integration', 'bench']
const MEDIAN_LINES = 100
const MOST_LINES = 400

interface SourceFile {
  readonly path: string
  readonly text: string
  readonly lines: number
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

function sourceFiles(folder: string): readonly SourceFile[] {
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|\/)(node_modules|golden|test)\//.test(name))
    .map((name) => {
      const path = `${folder}/${name}`
      const text = readFileSync(join(REPOSITORY, path), 'utf8')
      return { path, text, lines: text.split('\n').length - 1 }
    })
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8')) as Manifest
}

// The formatter puts the end of every import on a line that starts in one of these ways.
const IMPORT =
  /^(?:import |(?:import|export) .* from |\} from )'([^']+)'|\bimport\('([a-z0-9@/._-]+)'\)/gm

/** Names of the packages a source file imports, ours and others', Node's own left out. */
function importedPackages(text: string): readonly string[] {
  const names: string[] = []
  for (const match of text.matchAll(IMPORT)) {
    const path = match[1] ?? match[2] ?? ''
    if (path.startsWith('.') || path.startsWith('node:')) continue
    const [scope, name] = path.split('/')
    names.push(scope?.startsWith('@') ? `${scope}/${name}` : (scope ?? ''))
  }
  return names
}

describe('the source files', () => {
  const files = SOURCE_FOLDERS.flatMap(sourceFiles)

  it('are found', () => {
    assert.ok(files.some(({ path }) => path === 'packages/core/src/errors.ts'))
    assert.ok(files.some(({ path }) => path === 'integration/run-command.ts'))
  })

  it(`have no more than ${MEDIAN_LINES} lines in the median`, () => {
    const sorted = files.map(({ lines }) => lines).sort((a, b) => a - b)
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0
    assert.ok(median <= MEDIAN_LINES, `median ${median}`)
  })

  it(`have no more than ${MOST_LINES} lines each`, () => {
    const long = files.filter(({ lines }) => lines > MOST_LINES)
    assert.deepEqual(
      long.map(({ path, lines }) => `${path}: ${lines}`),
      [],
    )
  })

  it('have names that say a job', () => {
    const vague = files.filter(({ path }) =>
      /\/(utils?|helpers?|misc|common|shared|[a-z-]*manager)\.ts$/.test(path),
    )
    assert.deepEqual(
      vague.map(({ path }) => path),
      [],
    )
  })
})
describe('the dependencies', () => {
  for (const name of PACKAGES) {
    const folder = `packages/${name}`
    const used = new Set(sourceFiles(`${folder}/src`).flatMap(({ text }) => importedPackages(text)))
    const declared = Object.keys(manifest(folder).dependencies ?? {})

    it(`of ${name} are declared when they are imported`, () => {
      const undeclared = [...used].filter(
        (one) => one !== `@millrace/${name}` && !declared.includes(one),
      )
      assert.deepEqual(undeclared, [])
    })

    it(`of ${name} are imported when they are declared`, () => {
      assert.deepEqual(
        declared.filter((one) => !used.has(one)),
        [],
      )
    })

    it(`of ${name} on packages of ours go along the arrows`, () => {
      const ours = [...used].filter((one) => one.startsWith('@millrace/'))
      const allowed = name === 'core' ? [] : ['@millrace/core', `@millrace/${name}`]
      assert.deepEqual(
        ours.filter((one) => !allowed.includes(one)),
        [],
      )
    })
  }

  it('of ours have the version that the lerna release gives to all', () => {
    const version = (
      JSON.parse(readFileSync(join(REPOSITORY, 'lerna.json'), 'utf8')) as { version: string }
    ).version
    for (const folder of [
      ...PACKAGES.map((name) => `packages/${name}`),
      'integration',
      'bench',
      'examples',
    ]) {
      for (const [name, range] of Object.entries(manifest(folder).dependencies ?? {})) {
        if (name.startsWith('@millrace/')) assert.equal(range, version, `${folder} -> ${name}`)
      }
    }
  })
})
