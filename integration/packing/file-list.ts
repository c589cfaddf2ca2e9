/** Which files a tarball must hold and must not hold. Pure. */

const FORBIDDEN: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /(^|\/)tests?\//, why: 'a test' },
  { pattern: /\.test(-d)?\./, why: 'a test' },
  { pattern: /\.tsbuildinfo$/, why: 'a build cache' },
  { pattern: /(^|\/)(node_modules|coverage|golden)\//, why: 'not ours to publish' },
  { pattern: /(^|\/)\.(env|npmrc)/, why: 'may hold secrets' },
]
const COMPILED = /^dist\/(.+?)\.(d\.ts|d\.ts\.map|js|js\.map)$/

/** One line a problem. */
export function fileListProblems(packageName: string, files: readonly string[]): readonly string[] {
  const problems: string[] = []
  const present = new Set(files)
  for (const file of files) {
    for (const { pattern, why } of FORBIDDEN) {
      if (pattern.test(file)) problems.push(`${packageName}: ${file} is ${why}`)
    }
    const stem = COMPILED.exec(file)?.[1]
    if (stem !== undefined && !present.has(`src/${stem}.ts`)) {
      problems.push(`${packageName}: ${file} has no source; delete dist/ and build again`)
    }
  }
  for (const file of files) {
    const stem = /^src\/(.+)\.ts$/.exec(file)?.[1]
    // A hand-written declaration is compiled to nothing.
    if (stem === undefined || stem.endsWith('.d')) continue
    for (const extension of ['js', 'd.ts']) {
      const built = `dist/${stem}.${extension}`
      if (!present.has(built)) problems.push(`${packageName}: ${built} is missing`)
    }
  }
  return problems
}
