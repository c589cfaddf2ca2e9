/**
 * Options in three stages: what the user writes -> checked once against rules -> resolved, with
 * no field left undefined by accident. Unknown keys are refused with the nearest known name.
 */
import { InvalidOptionError } from './errors.ts'

/** Checks one value; `undefined` means the user gave none. */
export type OptionRule<T> = (path: string, value: unknown) => T
export type OptionRules<T> = { readonly [K in keyof T]-?: OptionRule<T[K]> }
/** What to say of a name that is no option where it stands; undefined: nothing is known of it. */
export type NameHint = (name: string) => string | undefined

/**
 * Applies one rule a key. `hintFor` knows names from elsewhere, such as another library's.
 *
 * @throws InvalidOptionError naming the option, the value and the rule
 */
export function resolveOptions<T>(
  path: string,
  given: unknown,
  rules: OptionRules<T>,
  hintFor?: NameHint,
): T {
  const source = given ?? {}
  const known = Object.keys(rules)
  if (typeof source !== 'object' || Array.isArray(source)) {
    const what = path === '' ? 'options' : path
    const isSwitch = typeof given === 'boolean' && known.includes('enabled')
    throw new InvalidOptionError(
      path,
      `${what} is ${showValue(given)}`,
      isSwitch ? `Use { enabled: ${given} }.` : `Pass an object for ${what}.`,
    )
  }
  for (const key of Object.keys(source)) {
    if (Object.hasOwn(rules, key)) continue
    throw new InvalidOptionError(
      join(path, key),
      `Unknown option ${join(path, key)}`,
      hintFor?.(key) ?? hintAmong(known, key),
    )
  }
  const values = source as Record<string, unknown>
  const resolved: Record<string, unknown> = {}
  for (const key of known) {
    const rule = rules[key as keyof T] as OptionRule<unknown>
    resolved[key] = rule(join(path, key), Object.hasOwn(values, key) ? values[key] : undefined)
  }
  return resolved as T
}

function hintAmong(known: readonly string[], key: string): string {
  const near = nearestName(key, known)
  return near === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean "${near}"?`
}

/** A whole number within bounds, both inclusive; the largest safe integer stands for no bound. */
export function integer(bounds: {
  readonly default: number
  readonly min: number
  readonly max: number
  /** What stands in for the default where leaving the option out means something else. */
  readonly defaultInWords?: string
}): OptionRule<number> {
  return (path, value) => {
    if (value === undefined) return bounds.default
    if (!Number.isSafeInteger(value) || Number(value) < bounds.min || Number(value) > bounds.max) {
      throw new InvalidOptionError(path, `${path} is ${showValue(value)}`, hintOf(bounds))
    }
    return Number(value)
  }
}

function hintOf(bounds: {
  readonly default: number
  readonly min: number
  readonly max: number
  readonly defaultInWords?: string
}): string {
  const unlimited = Number.MAX_SAFE_INTEGER
  const range =
    bounds.max === unlimited ? `from ${bounds.min} up` : `from ${bounds.min} to ${bounds.max}`
  const byDefault =
    bounds.defaultInWords ?? (bounds.default === unlimited ? 'unlimited' : bounds.default)
  return `Use a whole number ${range} (default ${byDefault}).`
}

export function flag(byDefault: boolean): OptionRule<boolean> {
  return (path, value) => {
    if (value === undefined) return byDefault
    if (typeof value === 'boolean') return value
    throw new InvalidOptionError(path, `${path} is ${showValue(value)}`, 'Use true or false.')
  }
}

export function oneOf<const T extends string>(
  values: readonly T[],
  byDefault: NoInfer<T>,
  /** Words of elsewhere, such as another library's -> values here. */
  otherWords: Readonly<Record<string, NoInfer<T>>> = {},
): OptionRule<T> {
  return (path, value) => {
    if (value === undefined) return byDefault
    if (typeof value === 'string' && (values as readonly string[]).includes(value))
      return value as T
    const meant = Object.entries(otherWords).find(([word]) => word === value)?.[1]
    throw new InvalidOptionError(
      path,
      `${path} is ${showValue(value)}`,
      meant === undefined
        ? `Use one of: ${values.join(', ')} (default ${byDefault}).`
        : `Use "${meant}".`,
    )
  }
}

/** Text that matches a pattern; `expects` says in words what is allowed. */
export function text(rule: {
  readonly pattern: RegExp
  readonly expects: string
}): OptionRule<string> {
  return (path, value) => {
    if (typeof value === 'string' && rule.pattern.test(value)) return value
    throw new InvalidOptionError(
      path,
      value === undefined ? `${path} is missing` : `${path} is ${showValue(value)}`,
      `Use ${rule.expects}.`,
    )
  }
}

/** Lets a rule be left out; `undefined` then. */
export function optional<T>(rule: OptionRule<T>): OptionRule<T | undefined> {
  return (path, value) => (value === undefined ? undefined : rule(path, value))
}

/** A nested object; left out, all its defaults apply. */
export function group<T>(rules: OptionRules<T>, hintFor?: NameHint): OptionRule<T> {
  return (path, value) => resolveOptions(path, value, rules, hintFor)
}

/** Something the user made, such as a port or a logger, checked by the methods it must have. */
export function objectWith<T>(methods: readonly (keyof T & string)[]): OptionRule<T | undefined> {
  return (path, value) => {
    if (value === undefined) return undefined
    const missing = methods.filter(
      (name) => typeof (value as Record<string, unknown> | null)?.[name] !== 'function',
    )
    if (missing.length === 0) return value as T
    throw new InvalidOptionError(
      path,
      `${path} has no ${missing.join(', ')}`,
      `Pass an object with the methods ${methods.join(', ')}.`,
    )
  }
}

/** The known name at an edit distance of at most 2 (a third of a long name), if there is one. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** A value as error messages name it: never an object's content, which may be secret. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
