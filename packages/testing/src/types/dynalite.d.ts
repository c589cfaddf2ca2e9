/** dynalite 4.0.0 has no types of its own; this is the part that we use. */
declare module 'dynalite' {
  import type { Server } from 'node:http'

  interface DynaliteOptions {
    readonly createTableMs?: number
    readonly deleteTableMs?: number
    readonly updateTableMs?: number
  }

  /** A server that is not listening yet. Its `close` also closes the store. */
  function dynalite(options?: DynaliteOptions): Server

  export = dynalite
}
