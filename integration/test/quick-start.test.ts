import assert from 'node:assert/strict'
import { type QuickStart, runQuickStart } from '../quick-start/run-quick-start.ts'

const STAY = 'setInterval(() => {}, 1000)'
const SERVE = `console.log('{"kinesis":"http://k","dynamodb":"http://d"}');${STAY}`
// Ready for the signal before the line that makes it come.
const CONSUME = `process.on('SIGTERM', () => process.exit(0));console.log('got one');${STAY}`
const PRODUCE = "process.exit(process.env['AWS_ENDPOINT_URL_KINESIS'] === 'http://k' ? 0 : 1)"

function parts(changes: Partial<Record<'serve' | 'consumer' | 'producer', string>>): QuickStart {
  const scripts = { serve: SERVE, consumer: CONSUME, producer: PRODUCE, ...changes }
  return {
    cwd: import.meta.dirname,
    serve: ['-e', scripts.serve],
    consumer: ['-e', scripts.consumer],
    producer: ['-e', scripts.producer],
  }
}

describe('runQuickStart', () => {
  it('is content when records arrive and everyone stops cleanly', async () => {
    assert.deepEqual(await runQuickStart(parts({})), [])
  })

  it('says that the server did not start', async () => {
    const problems = await runQuickStart(parts({ serve: "console.log('no port')" }))
    assert.match(problems.join('\n'), /serve did not start:\nno port/)
  })

  it('says that the producer failed, with its output', async () => {
    const problems = await runQuickStart(
      parts({ producer: "console.error('denied');process.exit(3)" }),
    )
    assert.match(problems.join('\n'), /producer: exit 3\ndenied/)
  })

  it('says that the consumer ended without a record', async () => {
    const problems = await runQuickStart(parts({ consumer: '0' }))
    assert.match(problems.join('\n'), /consumer: delivered nothing/)
  })

  it('says that the consumer did not stop cleanly', async () => {
    const problems = await runQuickStart(parts({ consumer: `console.log('got one');${STAY}` }))
    assert.match(problems.join('\n'), /consumer: exit -1 after SIGTERM/)
  })

  it('says that the producer did not print what it should', async () => {
    const printing = { ...parts({ producer: "console.log('1 of 2')" }), prints: /^2 of 2$/m }
    assert.match((await runQuickStart(printing)).join('\n'), /did not print .*\n1 of 2/)
    assert.deepEqual(await runQuickStart({ ...printing, prints: /^1 of 2$/m }), [])
  })

  it('stops a producer that runs until it is told to, once it has printed a line', async () => {
    const script = (code: number): string =>
      `process.on('SIGTERM', () => process.exit(${code}));console.log('stored');${STAY}`
    const runsUntilStopped = true
    const well = { ...parts({ producer: script(0) }), runsUntilStopped }
    assert.deepEqual(await runQuickStart(well), [])
    const ill = { ...parts({ producer: script(4) }), runsUntilStopped }
    assert.match((await runQuickStart(ill)).join('\n'), /producer: exit 4/)
  })
})
