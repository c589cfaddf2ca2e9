import assert from 'node:assert/strict'
import { fileListProblems } from '../packing/file-list.ts'
import { nameProblems, probeSource } from '../packing/probes.ts'
import { entryPoints } from '../packing/published.ts'

const GOOD = [
  'package.json',
  'src/index.ts',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/index.js.map',
]

describe('fileListProblems', () => {
  it('is content with sources and what was built from them', () => {
    assert.deepEqual(fileListProblems('p', GOOD), [])
  })

  for (const file of [
    'test/index.test.ts',
    'dist/.tsbuildinfo',
    'src/index.test.ts',
    'node_modules/x/index.js',
    '.npmrc',
    '.env.local',
  ]) {
    it(`refuses ${file}`, () => {
      assert.match(fileListProblems('p', [...GOOD, file])[0] ?? '', new RegExp(`p: ${file} `))
    })
  }

  it('finds a compiled file whose source is gone', () => {
    assert.match(
      fileListProblems('p', [...GOOD, 'dist/old.js'])[0] ?? '',
      /dist\/old.js has no source/,
    )
  })

  it('asks for no output of a hand-written declaration', () => {
    assert.deepEqual(fileListProblems('p', [...GOOD, 'src/types/foreign.d.ts']), [])
  })

  it('finds a source that was not compiled', () => {
    const problems = fileListProblems('p', [...GOOD, 'src/a/new.ts'])
    assert.deepEqual(problems, ['p: dist/a/new.js is missing', 'p: dist/a/new.d.ts is missing'])
  })
})

describe('nameProblems', () => {
  it('finds a name that does not load and one that the source lacks', () => {
    const problems = nameProblems('module', { p: ['a', 'b'], q: [] }, { p: ['b', 'c'] })
    assert.deepEqual(problems, [
      'p (module): a does not load',
      'p (module): c is not in the source',
    ])
  })

  it('does not mind the names that Node adds for require()', () => {
    assert.deepEqual(nameProblems('commonjs', { p: ['a'] }, { p: ['__esModule', 'a'] }), [])
  })
})

describe('probeSource', () => {
  it('imports in a module and requires in CommonJS', () => {
    assert.match(probeSource('module', ['p/q']), /^import \* as entry0 from 'p\/q'$/m)
    assert.match(probeSource('commonjs', ['p/q']), /^import entry0 = require\('p\/q'\)$/m)
  })
})

describe('entryPoints', () => {
  it('names what code can import', () => {
    const exports = { '.': {}, './internal': {}, './package.json': './package.json' }
    assert.deepEqual(entryPoints({ name: 'p', exports }), ['p', 'p/internal'])
  })
})
