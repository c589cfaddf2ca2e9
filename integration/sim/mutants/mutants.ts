/** Breakages of the product that the checkers must find: a checker that finds none is worth nothing. */
import { BOUND_MUTANTS } from './bound-mutants.ts'
import { FLEET_MUTANTS } from './fleet-mutants.ts'
import { LIFECYCLE_MUTANTS } from './lifecycle-mutants.ts'
import type { Mutant } from './mutant.ts'
import { PRODUCER_MUTANTS } from './producer-mutants.ts'
import { REGRESSION_MUTANTS } from './regression-mutants.ts'
import { RETRIEVAL_MUTANTS } from './retrieval-mutants.ts'
import { SHARD_MUTANTS } from './shard-mutants.ts'
import { STYLE_MUTANTS } from './style-mutants.ts'

export const MUTANTS: readonly Mutant[] = [
  ...BOUND_MUTANTS,
  ...FLEET_MUTANTS,
  ...REGRESSION_MUTANTS,
  ...PRODUCER_MUTANTS,
  ...SHARD_MUTANTS,
  ...RETRIEVAL_MUTANTS,
  ...LIFECYCLE_MUTANTS,
  ...STYLE_MUTANTS,
]
