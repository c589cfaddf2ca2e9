/** Loggers for users who bring none: warnings and errors to stderr, or nothing at all. */
import { KinesisError } from './errors.ts'
import type { LogFn, Logger } from './ports/logger.ts'
import { nowMs } from './time.ts'

function nothing(): void {}

export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
}

/** One line a message: time, level, message, fields as JSON. */
export const stderrLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: lineWriter('WARN'),
  error: lineWriter('ERROR'),
}

/** `false` silences, nothing given means warnings and errors on stderr. */
export function resolveLogger(option: Logger | false | undefined): Logger {
  if (option === false) return silentLogger
  return option === undefined ? stderrLogger : harmless(option)
}

/** A logger that throws must not stop the worker that logs. */
function harmless(logger: Logger): Logger {
  const level = (name: keyof Logger): LogFn => {
    return (fields, message) => {
      try {
        logger[name](fields, message)
      } catch (cause) {
        stderrLogger.error({ err: cause }, 'the logger threw')
      }
    }
  }
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}

function lineWriter(level: string): LogFn {
  return (fields, message) => {
    const time = new Date(nowMs()).toISOString()
    process.stderr.write(`${time} ${level} millrace: ${message} ${toJson(fields)}\n`)
  }
}

/** A line that cannot be built must not stop the worker that wrote it: circles end up here. */
function toJson(fields: object): string {
  try {
    return JSON.stringify(fields, withoutPayloads)
  } catch (cause) {
    return JSON.stringify({ unprintable: cause instanceof Error ? cause.name : 'fields' })
  }
}

/**
 * Errors as name, code, message and hint, never their enumerable extras; bytes as their length.
 * The value is read from its holder: `Buffer.toJSON` has spelt the bytes out before a replacer
 * is handed its argument.
 */
function withoutPayloads(this: unknown, key: string, json: unknown): unknown {
  const value = (this as Readonly<Record<string, unknown>>)[key]
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`
  if (!(value instanceof Error)) return json
  return KinesisError.isKinesisError(value)
    ? { code: value.code, message: value.message, hint: value.hint }
    : { name: value.name, message: value.message }
}
