import assert from 'node:assert/strict'
import { InvalidRecordError } from '../src/errors.ts'
import { resolveLogger, silentLogger, stderrLogger } from '../src/loggers.ts'

/** What `run` writes to stderr. */
function stderrOf(run: () => void): string {
  const written: string[] = []
  const { write } = process.stderr
  process.stderr.write = ((chunk: string) => {
    written.push(chunk)
    return true
  }) as typeof write
  try {
    run()
  } finally {
    process.stderr.write = write
  }
  return written.join('')
}

/** The fields of the only line written. */
function fieldsOf(fields: object): unknown {
  const line = stderrOf(() => stderrLogger.warn(fields, 'm'))
  assert.match(line, /^\S+Z WARN millrace: m \{.*\}\n$/)
  return JSON.parse(line.slice(line.indexOf('{')))
}

describe('stderrLogger', () => {
  it('writes one line for a warning and for an error', () => {
    const text = stderrOf(() => {
      stderrLogger.warn({ shardId: 's-1' }, 'slow')
      stderrLogger.error({}, 'broken')
    })
    const [first, second] = text.split('\n')
    assert.match(first ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z WARN millrace: slow \{"shardId":"s-1"\}$/)
    assert.match(second ?? '', /ERROR millrace: broken \{\}$/)
  })

  it('keeps quiet about less', () => {
    const text = stderrOf(() => {
      stderrLogger.debug({}, 'd')
      stderrLogger.info({}, 'i')
    })
    assert.equal(text, '')
  })

  it('writes bytes as their length only, Buffers too', () => {
    const fields = {
      plain: new Uint8Array(3),
      buffer: Buffer.from('secret'),
      deep: [Buffer.alloc(2)],
    }
    assert.deepEqual(fieldsOf(fields), {
      plain: '[3 bytes]',
      buffer: '[6 bytes]',
      deep: ['[2 bytes]'],
    })
  })

  it('writes an error of ours with code, message and hint', () => {
    assert.deepEqual(fieldsOf({ err: new InvalidRecordError('data', 'too large', 'split it') }), {
      err: { code: 'ERR_KINESIS_INVALID_RECORD', message: 'too large', hint: 'split it' },
    })
  })

  it('leaves out what a foreign error carries besides name and message', () => {
    const err = Object.assign(new TypeError('odd'), { payload: 'secret', request: { key: 'k' } })
    assert.deepEqual(fieldsOf({ err }), { err: { name: 'TypeError', message: 'odd' } })
  })

  it('writes a bigint as its digits', () => {
    assert.deepEqual(fieldsOf({ hashKey: 2n ** 100n }), { hashKey: (2n ** 100n).toString() })
  })

  it('writes a line, and does not throw, for fields in a circle', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    assert.deepEqual(fieldsOf(circle), { unprintable: 'TypeError' })
  })
})

describe('resolveLogger', () => {
  it('gives stderr by default, silence for false, and the user his own', () => {
    const heard: unknown[] = []
    const own = {
      ...silentLogger,
      warn(this: unknown, fields: object, message: string): void {
        heard.push(this === own, fields, message)
      },
    }
    assert.equal(resolveLogger(undefined), stderrLogger)
    assert.equal(resolveLogger(false), silentLogger)
    resolveLogger(own).warn({ a: 1 }, 'm')
    assert.deepEqual(heard, [true, { a: 1 }, 'm'])
    const all = (): void => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) silentLogger[level]({}, 'm')
    }
    assert.equal(stderrOf(all), '')
  })

  it('lets no logger that throws stop the one who logs', () => {
    const broken = {
      ...silentLogger,
      error: (): void => {
        throw new Error('disk full')
      },
    }
    const lines = stderrOf(() => resolveLogger(broken).error({ secret: 1 }, 'm'))
    assert.match(lines, /the logger threw.*disk full/)
  })
})
