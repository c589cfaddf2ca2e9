/** Groups of a consumer's options: an unknown name that is KCL's is translated in the error. Pure. */
import {
  type OptionRule,
  type OptionRules,
  group as plainGroup,
  resolveOptions as plainResolve,
} from '@millrace/core/internal'
import { hintForKclName } from './kcl-names.ts'

/** @throws InvalidOptionError */
export function resolveOptions<T>(path: string, given: unknown, rules: OptionRules<T>): T {
  return plainResolve(path, given, rules, hintForKclName)
}

/** A nested object; left out, all its defaults apply. */
export function group<T>(rules: OptionRules<T>): OptionRule<T> {
  return plainGroup(rules, hintForKclName)
}
