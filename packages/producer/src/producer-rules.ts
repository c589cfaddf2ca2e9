/** The rules of core, with KPL's names known: options of the producer are resolved by these. Pure. */
import {
  type OptionRule,
  type OptionRules,
  group as plainGroup,
  resolveOptions as plainResolve,
} from '@millrace/core/internal'
import { hintForKplName } from './kpl-names.ts'

/** @throws InvalidOptionError */
export function resolveOptions<T>(path: string, given: unknown, rules: OptionRules<T>): T {
  return plainResolve(path, given, rules, hintForKplName)
}

export function group<T>(rules: OptionRules<T>): OptionRule<T> {
  return plainGroup(rules, hintForKplName)
}
