/** pino's argument order: fields first, then the message. Fields carry ids, never payloads. @public */
export type LogFn = (fields: object, message: string) => void

/** Where log lines go. `pino()` fits as it is; so does `console`. @public */
export interface Logger {
  readonly debug: LogFn
  readonly info: LogFn
  readonly warn: LogFn
  readonly error: LogFn
}
