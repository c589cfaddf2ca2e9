/** Source texts that use every entry point the way a stranger would. Pure. */
import type { ProjectKind } from './project.ts'

/** Type-checks and loads each entry point; prints the names it exports as one JSON object. */
export function probeSource(kind: ProjectKind, entries: readonly string[]): string {
  const loads = entries.map((entry, i) =>
    kind === 'module'
      ? `import * as entry${i} from '${entry}'`
      : `import entry${i} = require('${entry}')`,
  )
  const fields = entries.map((entry, i) => `  '${entry}': Object.keys(entry${i}).sort(),`)
  const print = ['process.stdout.write(JSON.stringify({', ...fields, '}))']
  return [...loads, ...print, ''].join('\n')
}

/** One line an entry point whose packed names are not those of its source. */
export function nameProblems(
  kind: ProjectKind,
  expected: Readonly<Record<string, readonly string[]>>,
  found: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  return Object.entries(expected).flatMap(([entry, names]) => {
    const loaded = (found[entry] ?? []).filter((name) => !INTEROP_NAMES.has(name))
    const missing = names.filter((name) => !loaded.includes(name))
    const extra = loaded.filter((name) => !names.includes(name))
    return [
      ...missing.map((name) => `${entry} (${kind}): ${name} does not load`),
      ...extra.map((name) => `${entry} (${kind}): ${name} is not in the source`),
    ]
  })
}

/** Added by Node itself when CommonJS code requires an ES module. */
const INTEROP_NAMES: ReadonlySet<string> = new Set(['__esModule', 'module.exports'])
