import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { KCL_NAMES } from '../../packages/consumer/src/kcl-names.ts'

const REPOSITORY = resolve(import.meta.dirname, '../..')

function read(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8')
}

function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => join(folder, name))
}

describe('README.md', () => {
  const readme = read('README.md')
  const snippets = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '')

  it('has a producer and a consumer of about ten lines', () => {
    assert.equal(snippets.length, 2)
    for (const snippet of snippets) assert.ok(snippet.split('\n').length <= 16, snippet)
  })

  it('shows files of examples/ as they are', () => {
    const examples = new Set(filesBelow('examples', '.ts').map(read))
    for (const snippet of snippets) assert.ok(examples.has(snippet), snippet)
  })

  it('names commands that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as {
      readonly scripts: Readonly<Record<string, string>>
    }
    const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1] ?? '')
    assert.ok(named.includes('demo'))
    for (const name of named) assert.ok(name in scripts, name)
  })

  it('links to files that exist', () => {
    for (const document of ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')]) {
      const folder = join(REPOSITORY, document, '..')
      for (const [, target = ''] of read(document).matchAll(/\]\(([^)#]+)\)/g)) {
        if (target.startsWith('https://')) continue
        assert.doesNotThrow(() => readdirSync(join(folder, target, '..')), `${document}: ${target}`)
        const name = target.split('/').at(-1) ?? ''
        assert.ok(readdirSync(join(folder, target, '..')).includes(name), `${document}: ${target}`)
      }
    }
  })
})

describe('docs/errors.md', () => {
  it('explains each code that the packages have, and no other', () => {
    const inSources = new Set<string>()
    for (const file of filesBelow('packages', '.ts').filter((name) => name.includes('/src/'))) {
      for (const [, code = ''] of read(file).matchAll(/'(ERR_KINESIS_[A-Z_]+)'/g))
        inSources.add(code)
    }
    const explained = [...read('docs/errors.md').matchAll(/^\| `(ERR_KINESIS_[A-Z_]+)` \|/gm)]
    assert.ok(inSources.size > 10)
    assert.deepEqual(explained.map((match) => match[1]).sort(), [...inSources].sort())
  })
})

describe('docs/from-kcl.md', () => {
  it('lists each name of KCL that is translated in errors, and no other', () => {
    const rows = [
      ...read('docs/from-kcl.md').matchAll(/^\| `(\w+)` \| (none|`[\w.]+`) \|(.*)\|$/gm),
    ]
    const listed = rows.map(([, kcl, here, note = '']) => [kcl, here, note.trim()])
    const expected = KCL_NAMES.map(({ name, here, note = '' }) => [
      name,
      here === undefined ? 'none' : `\`${here}\``,
      note,
    ])
    assert.deepEqual(listed, expected)
  })
})

describe('docs/coordination.md', () => {
  it('explains all that a shard may wait for', () => {
    const page = read('docs/coordination.md')
    const source = read('packages/consumer/src/waiting-for.ts').replaceAll(
      /^(import|\/?\s?\*).*$/gm,
      '',
    )
    const words = [...source.matchAll(/'([^'\n]+)'|`([^`]+)`/g)]
      .flatMap(([, plain, template = '']) => plain ?? template.split(/\$\{[^}]*\}/))
      .map((part) => part.trim())
      .filter((part) => /[a-z]{3}/.test(part))
    assert.ok(words.length > 30, `${words.length}`)
    for (const part of words) assert.ok(page.includes(part), part)
  })
})

describe('each package', () => {
  for (const name of ['core', 'producer', 'consumer', 'testing']) {
    it(`has a README that npm can show: ${name}`, () => {
      assert.ok(read(`packages/${name}/README.md`).startsWith(`# @millrace/${name}\n`))
    })
  }
})
