/**
 * The only place that takes randomness from the platform (lint bans it elsewhere).
 * The simulator hands a seeded `Random` to each component.
 */
import { randomUUID } from 'node:crypto'

/** Source of randomness. @public */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A version 4 UUID. */
  uuid(): string
}

export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => randomUUID(),
}
