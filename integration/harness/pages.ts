/** Pages of the documentation, as tests read them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const REPOSITORY = resolve(import.meta.dirname, '../..')

/** @param path from the top of the repository */
export function readPage(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8')
}

export function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => join(folder, name))
}

/** The cells of the rows of one section whose first cell is code. */
export function rowsOf(page: string, section: string): readonly (readonly string[])[] {
  const [, text = ''] = page.split(`\n## ${section}\n`)
  const [own = ''] = text.split('\n## ')
  return [...own.matchAll(/^\| (`[^`]+`) \|(.*)\|$/gm)].map(([, first = '', rest = '']) => [
    first.replaceAll('`', ''),
    ...rest.split('|').map((cell) => cell.trim()),
  ])
}

/** How a table shows the default of an option; undefined where it may say what it likes. */
export function shownDefault(value: unknown): string | undefined {
  if (value === Number.MAX_SAFE_INTEGER) return 'no limit'
  if (typeof value === 'number') return `\`${value.toLocaleString('en-US')}\``
  return typeof value === 'string' || typeof value === 'boolean' ? `\`${value}\`` : undefined
}

/** Snippets of TypeScript that are in no example as they stand, apart from indentation. */
export function strangeSnippets(page: string): readonly string[] {
  const lines = (text: string): string =>
    text
      .split('\n')
      .map((line) => line.trim())
      .join('\n')
  const examples = filesBelow('examples', '.ts').map((file) => lines(readPage(file)))
  return [...page.matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, text = '']) => lines(text))
    .filter((snippet) => !examples.some((example) => example.includes(snippet)))
}
