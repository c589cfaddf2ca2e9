/** One bad line a rule: what the linters must refuse. Data only. */

export type Linter = 'oxlint' | 'biome'

export interface Plant {
  /** What is forbidden, in words. */
  readonly name: string
  /** Where the bad line is put: rules differ by folder. */
  readonly path: string
  readonly source: string
  readonly linter: Linter
  /** Part of what the linter must report: its rule's name, or the words of our own rule. */
  readonly rule: string
  /** Files that the plant needs beside it. */
  readonly beside?: Readonly<Record<string, string>>
}

const GLOBALS = 'no-restricted-globals'
const PROPERTIES = 'no-restricted-properties'
const IMPORTS = 'no-restricted-imports'

let count = 0

function plant(
  folder: string,
  name: string,
  source: string,
  rule: string,
  linter: Linter = 'oxlint',
): Plant {
  count++
  return { name, path: `${folder}/plant-${count}.ts`, source, rule, linter }
}

const SOURCES = [
  'packages/core/src',
  'packages/producer/src',
  'packages/consumer/src',
  'packages/testing/src',
  'integration',
  'examples',
]

const ambient: readonly Plant[] = SOURCES.flatMap((folder) => [
  plant(folder, 'setTimeout', 'setTimeout(() => {}, 1)', GLOBALS),
  plant(folder, 'setInterval', 'setInterval(() => {}, 1)', GLOBALS),
  plant(folder, 'setImmediate', 'setImmediate(() => {})', GLOBALS),
  plant(folder, 'clearTimeout', 'clearTimeout(undefined)', GLOBALS),
  plant(folder, 'performance.now', 'export const at: number = performance.now()', GLOBALS),
  plant(folder, 'global crypto', 'export const id: string = crypto.randomUUID()', GLOBALS),
  plant(folder, 'Date.now', 'export const at: number = Date.now()', PROPERTIES),
  plant(folder, 'Math.random', 'export const at: number = Math.random()', PROPERTIES),
  plant(folder, 'process.hrtime', 'export const at: bigint = process.hrtime.bigint()', PROPERTIES),
  plant(
    folder,
    'AbortSignal.timeout',
    'export const end: AbortSignal = AbortSignal.timeout(1)',
    PROPERTIES,
  ),
  plant(folder, 'globalThis.setTimeout', 'globalThis.setTimeout(() => {}, 1)', PROPERTIES),
  plant(
    folder,
    'node:timers',
    "import { setTimeout as later } from 'node:timers'\nlater(() => {}, 1)",
    IMPORTS,
  ),
  plant(
    folder,
    'node:timers/promises',
    "import { setTimeout as wait } from 'node:timers/promises'\nawait wait(1)",
    IMPORTS,
  ),
  plant(
    folder,
    'node:perf_hooks',
    "import { performance as clock } from 'node:perf_hooks'\nexport const at: number = clock.now()",
    IMPORTS,
  ),
  plant(
    folder,
    'randomUUID of node:crypto',
    "import { randomUUID } from 'node:crypto'\nexport const id: string = randomUUID()",
    IMPORTS,
  ),
  plant(folder, 'new Date()', 'export const now: Date = new Date()', 'wall clock', 'biome'),
])

function arrow(from: string, to: string): Plant {
  return plant(
    `packages/${from}/src`,
    `import ${from} -> ${to}`,
    `import '@millrace/${to}'`,
    IMPORTS,
  )
}

const arrows: readonly Plant[] = [
  arrow('core', 'producer'),
  arrow('core', 'consumer'),
  arrow('core', 'testing'),
  arrow('producer', 'consumer'),
  arrow('producer', 'testing'),
  arrow('consumer', 'producer'),
  arrow('consumer', 'testing'),
  arrow('testing', 'producer'),
  arrow('testing', 'consumer'),
  plant(
    'packages/producer/src',
    'import by path into another package',
    "import '../../consumer/src/index.ts'",
    IMPORTS,
  ),
  plant(
    'packages/producer/src/deep',
    'the same from a deeper folder',
    "import '../../../core/src/index.ts'",
    IMPORTS,
  ),
  plant(
    'packages/consumer/src',
    're-export against the arrows',
    "export { Producer } from '@millrace/producer'",
    IMPORTS,
  ),
  plant(
    'packages/core/src',
    'a package that is not declared',
    "import 'vega-datasets'",
    'noUndeclaredDependencies',
    'biome',
  ),
]

const circle: Plant = {
  name: 'an import circle',
  path: 'packages/core/src/plant-circle-a.ts',
  source: "import { b } from './plant-circle-b.ts'\nexport const a: number = b",
  linter: 'oxlint',
  rule: 'no-cycle',
  beside: {
    'packages/core/src/plant-circle-b.ts':
      "import { a } from './plant-circle-a.ts'\nexport const b: number = a",
  },
}

const promises: readonly Plant[] = [
  'packages/core/src',
  'packages/core/test',
  'integration',
  'bench',
  'examples',
].flatMap((folder) => [
  plant(
    folder,
    'a floating promise',
    'async function work(): Promise<void> {}\nwork()',
    'no-floating-promises',
  ),
  plant(
    folder,
    'a promise as condition',
    'async function work(): Promise<boolean> {\n  return true\n}\nif (work()) process.exitCode = 1',
    'no-misused-promises',
  ),
])

const shape: readonly Plant[] = [
  plant('packages/core/src', 'export *', "export * from './index.ts'", 'noReExportAll', 'biome'),
  plant('packages/core/src', 'a default export', 'export default 1', 'no-default-export'),
  plant('packages/core/src', 'console', "console.log('x')", 'noConsole', 'biome'),
  plant('packages/core/src', 'throwing no Error', "throw 'text'", 'only-throw-error'),
]

export const PLANTS: readonly Plant[] = [...ambient, ...arrows, circle, ...promises, ...shape]

/** Lines that must stay green: a rule that forbids everything proves nothing. */
export const ALLOWED: Readonly<Record<string, string>> = {
  'packages/core/src/time.ts':
    'export const now: Date = new Date()\nexport const at: number = Date.now() + performance.now()\nsetTimeout(() => {}, 1)',
  'packages/core/src/random.ts':
    "import { randomUUID } from 'node:crypto'\nexport const id: string = randomUUID() + Math.random()",
  'packages/testing/src/time/clock.ts':
    'export const now: Date = new Date()\nsetTimeout(() => {}, 1)',
  'packages/core/src/allowed-date.ts': 'export const day: Date = new Date(5)',
  'packages/core/src/allowed-hash.ts':
    "import { createHash } from 'node:crypto'\nexport const hash: string = createHash('md5').digest('hex')",
  'packages/producer/src/allowed-core.ts':
    "import '@millrace/core'\nimport '@millrace/core/internal'",
  'packages/consumer/src/allowed-core.ts':
    "import '@millrace/core'\nimport '@millrace/core/internal'",
  'packages/testing/src/allowed-core.ts':
    "import '@millrace/core'\nimport '@millrace/core/internal'",
  'packages/core/test/allowed-timer.ts': 'setTimeout(() => {}, 1)',
  'integration/allowed-packages.ts':
    "import '@millrace/producer'\nimport '@millrace/consumer'\nimport '@millrace/testing'",
}
