import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ForeignName } from '@millrace/core/internal'
import { PRODUCER_CHANNELS } from '@millrace/producer'
import { KCL_NAMES } from '../../packages/consumer/src/kcl-names.ts'
import { KPL_NAMES } from '../../packages/producer/src/kpl-names.ts'
import { METRICS } from '../../packages/producer/src/metrics/metric-names.ts'
import { resolveProducerOptions } from '../../packages/producer/src/options.ts'
import {
  filesBelow,
  readPage as read,
  rowsOf,
  shownDefault,
  strangeSnippets,
} from '../harness/pages.ts'
import {
  CONSUMER_EXAMPLE,
  MORE_CONSUMERS,
  MORE_PRODUCERS,
  PRODUCER_EXAMPLE,
  STANDALONE,
} from '../quick-start/examples.ts'

const REPOSITORY = resolve(import.meta.dirname, '../..')

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

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

describe('links', () => {
  it('lead to headings that exist', () => {
    const links: string[] = []
    for (const document of ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')]) {
      for (const [, target = '', anchor = ''] of read(document).matchAll(
        /\]\(([^)#]*)#([^)]+)\)/g,
      )) {
        if (target.startsWith('https://')) continue
        const page = target === '' ? document : join(document, '..', target)
        const anchors = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
          anchorOf(text),
        )
        assert.ok(anchors.includes(anchor), `${document}: ${target}#${anchor}`)
        links.push(anchor)
      }
    }
    assert.ok(links.length > 10)
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

  it('says of each code when it comes and what to do', () => {
    for (const [row, when = '', remedy = ''] of read('docs/errors.md').matchAll(
      /^\| `ERR_KINESIS_[A-Z_]+` \|(.*)\|(.*)\|$/gm,
    )) {
      assert.ok(when.trim().length > 10 && remedy.trim().length > 5, row)
    }
  })

  it('explains each kind in which a service refuses, and no other', () => {
    const source = read('packages/core/src/service-errors.ts')
    const [, union = ''] =
      /^export type ServiceErrorKind =\n((?: {2}\| '[a-z-]+'\n)+)/m.exec(source) ?? []
    const kinds = [...union.matchAll(/'([a-z-]+)'/g)].map(([, kind]) => kind)
    const [, section = ''] = read('docs/errors.md').split('\n## When AWS refuses\n')
    const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \|/gm)]
    const explained = rows.flatMap(([, cell = '']) => cell.replaceAll('`', '').split(', '))
    assert.ok(kinds.length > 10)
    assert.deepEqual(explained.filter((kind) => kind !== 'kind').sort(), kinds.sort())
  })
})

/** The names of another library, as the tables of the documentation have them. */
function namesIn(document: string): readonly (readonly (string | undefined)[])[] {
  const rows = read(document).matchAll(/^\| `(\w+)` \| (none|`[\w.]+`) \|(.*)\|$/gm)
  return [...rows].map(([, name, here, note = '']) => [name, here, note.trim()])
}

function expectedRows(names: readonly ForeignName[]): readonly (readonly string[])[] {
  return names.map(({ name, here, note = '' }) => [
    name,
    here === undefined ? 'none' : `\`${here}\``,
    note,
  ])
}

describe('docs/migrating-from-kcl.md', () => {
  it('lists each name of KCL that is translated in errors, and no other', () => {
    assert.deepEqual(namesIn('docs/migrating-from-kcl.md'), expectedRows(KCL_NAMES))
  })
})

describe('docs/migrating-from-kpl.md', () => {
  it('lists each name of KPL that is translated in errors, and no other', () => {
    assert.deepEqual(namesIn('docs/migrating-from-kpl.md'), expectedRows(KPL_NAMES))
  })
})

describe('docs/producer.md', () => {
  const page = read('docs/producer.md')

  it('has each option, with its default, and no other', () => {
    const { resolvedStream: _, ...resolved } = resolveProducerOptions({})
    const defaults = new Map<string, unknown>()
    for (const [name, value] of Object.entries(resolved)) {
      if (name !== 'aggregation' && name !== 'collection') defaults.set(name, value)
      else
        for (const [inner, each] of Object.entries(value as object))
          defaults.set(`${name}.${inner}`, each)
    }
    const rows = rowsOf(page, 'Options')
    assert.deepEqual(rows.map(([name]) => name).sort(), [...defaults.keys()].sort())
    for (const [name = '', byDefault] of rows) {
      const expected = shownDefault(defaults.get(name))
      if (expected === undefined) assert.notEqual(byDefault, '', name)
      else assert.equal(byDefault, expected, name)
    }
  })

  it("gives each option's KPL name as its documentation does", () => {
    const source = read('packages/producer/src/options.ts')
    const documented = [...source.matchAll(/KPL:[\s*]*`([A-Z]\w*)`/g)].map(([, name]) => name)
    const listed = rowsOf(page, 'Options').flatMap((cells) =>
      cells
        .slice(2)
        .flatMap((cell) => [...cell.matchAll(/`([A-Z][a-z]\w+)`/g)].map(([, name]) => name)),
    )
    assert.ok(documented.length >= 14)
    const names = listed.filter((name) => name !== 'Expired')
    assert.deepEqual(names.sort(), documented.sort())
  })

  it('has each metric as it is measured', () => {
    const rows = rowsOf(page, 'Metrics').map(([name, unit, level, byShard]) => [
      name,
      unit,
      level,
      byShard,
    ])
    const expected = METRICS.map(({ name, unit, level, deepest }) => [
      name,
      unit,
      level,
      deepest === 'shard' ? 'yes' : 'no',
    ])
    assert.deepEqual(rows, expected)
  })

  it('has each event', () => {
    const source = read('packages/producer/src/events.ts')
    const events = [...source.matchAll(/^ {2}readonly (\w+): readonly \[/gm)].map(
      ([, name]) => name,
    )
    assert.ok(events.length >= 4)
    const rows = rowsOf(page, 'Errors, and what to do').map(([name]) => name)
    for (const name of events) assert.ok(rows.includes(name ?? ''), name)
  })

  it('has each diagnostics channel', () => {
    const rows = rowsOf(page, 'Diagnostics channels').map(([name]) => name)
    assert.deepEqual(rows, Object.values(PRODUCER_CHANNELS))
  })

  it('shows lines of examples/ as they are', () => {
    assert.ok(page.split('```ts').length > 4)
    assert.deepEqual(strangeSnippets(page), [])
  })
})

describe('examples/', () => {
  it('are all run in CI', () => {
    const run = [CONSUMER_EXAMPLE, PRODUCER_EXAMPLE, ...MORE_CONSUMERS]
    for (const { file } of [...MORE_PRODUCERS, ...STANDALONE]) run.push(file)
    const there = readdirSync(join(REPOSITORY, 'examples')).filter((name) => name.endsWith('.ts'))
    assert.deepEqual(run.sort(), there.sort())
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
