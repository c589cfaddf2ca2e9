/**
 * Node's EventEmitter narrowed to known event names, so that a misspelt name or a wrong payload
 * does not compile under any @types/node that we support. Listeners are guests: one that throws
 * never stops a worker.
 */
import { EventEmitter } from 'node:events'
import type { Logger } from './ports/logger.ts'

/** Event name -> tuple of arguments. */
export type EventArguments<Events> = { readonly [K in keyof Events]: readonly unknown[] }

type Listener<A> = A extends readonly unknown[] ? (...args: [...A]) => void : never

export class TypedEmitter<Events extends EventArguments<Events>> {
  readonly #emitter = new EventEmitter()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  on<K extends keyof Events & string>(name: K, listener: Listener<Events[K]>): this {
    this.#emitter.on(name, listener)
    return this
  }

  once<K extends keyof Events & string>(name: K, listener: Listener<Events[K]>): this {
    this.#emitter.once(name, listener)
    return this
  }

  off<K extends keyof Events & string>(name: K, listener: Listener<Events[K]>): this {
    this.#emitter.off(name, listener)
    return this
  }

  listenerCount(name: keyof Events & string): number {
    return this.#emitter.listenerCount(name)
  }

  /**
   * Calls every listener in order. What one throws (or rejects with) goes to `error`; an `error`
   * without a listener is logged, never thrown.
   */
  emit<K extends keyof Events & string>(name: K, ...args: [...Events[K]]): boolean {
    const listeners = this.#emitter.rawListeners(name)
    if (listeners.length === 0 && name === 'error') {
      this.#logger.error({ err: args[0] }, 'error event without a listener')
      return false
    }
    for (const listener of listeners) this.#call(name, listener, args)
    return listeners.length > 0
  }

  #call(name: string, listener: unknown, args: readonly unknown[]): void {
    try {
      const result = (listener as (...given: readonly unknown[]) => unknown)(...args)
      if (result instanceof Promise) result.catch((cause: unknown) => this.#failed(name, cause))
    } catch (cause) {
      this.#failed(name, cause)
    }
  }

  #failed(name: string, cause: unknown): void {
    if (name === 'error' || this.#emitter.listenerCount('error') === 0) {
      this.#logger.error({ err: cause, event: name }, 'an event listener threw')
      return
    }
    const listeners = this.#emitter.rawListeners('error')
    for (const listener of listeners) this.#call('error', listener, [cause])
  }
}
