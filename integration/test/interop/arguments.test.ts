import assert from 'node:assert/strict'
import { parseCommand } from '../../interop/arguments.ts'

describe('parseCommand of the interop runner', () => {
  it('runs the mixed fleet unless told otherwise', () => {
    assert.deepEqual(parseCommand([]), {
      kind: 'run',
      options: { case: 'mixed-fleet', dynamodbUrl: undefined, json: false },
    })
  })

  it('takes a case, a server of this machine and --json', () => {
    const argv = ['--case', 'lease-store', '--dynamodb-url', 'http://127.0.0.1:8000', '--json']
    assert.deepEqual(parseCommand(argv), {
      kind: 'run',
      options: { case: 'lease-store', dynamodbUrl: 'http://127.0.0.1:8000', json: true },
    })
  })

  it('refuses a server elsewhere: tables are written to', () => {
    for (const url of ['https://dynamodb.us-east-1.amazonaws.com', 'http://10.0.0.1', 'x', '']) {
      assert.equal(parseCommand(['--dynamodb-url', url]).kind, 'usage-error', url)
    }
  })

  it('names what it does not know', () => {
    const command = parseCommand(['--jsn'])
    assert.ok(command.kind === 'usage-error' && command.message.includes('did you mean --json?'))
    assert.equal(parseCommand(['--case', 'all']).kind, 'usage-error')
    assert.equal(parseCommand(['--case']).kind, 'usage-error')
  })
})
