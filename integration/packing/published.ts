/** What is published, and how its folders and entry points are found. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** In order of dependence. */
export const PUBLISHED: readonly string[] = ['core', 'producer', 'consumer', 'testing']

export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** `@millrace/core`, `@millrace/core/internal`, ...: every entry that code can import. */
export function entryPoints(manifest: Manifest): readonly string[] {
  return Object.keys(manifest.exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => (subpath === '.' ? manifest.name : `${manifest.name}/${subpath.slice(2)}`))
}
