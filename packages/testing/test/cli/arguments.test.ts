import assert from 'node:assert/strict'
import { parseCommand } from '../../src/cli/arguments.ts'

describe('parseCommand', () => {
  it('reads everything that serve takes', () => {
    const argv =
      'serve --port 4567 --dynamodb-port=8000 --stream a:2 --stream b.c-d_e:10 --no-limits'
    assert.deepEqual(parseCommand(argv.split(' ')), {
      kind: 'serve',
      options: {
        port: 4567,
        dynamodbPort: 8000,
        streams: [
          { name: 'a', shardCount: 2 },
          { name: 'b.c-d_e', shardCount: 10 },
        ],
        limits: false,
      },
    })
  })

  it('takes free ports and keeps the limits unless told', () => {
    assert.deepEqual(parseCommand(['serve']), {
      kind: 'serve',
      options: { port: undefined, dynamodbPort: undefined, streams: [], limits: true },
    })
  })

  for (const [argv, message] of [
    ['', /no command/],
    ['start', /unknown command "start"/],
    ['serve now', /unexpected argument "now"/],
    ['serve --port x', /--port takes a port/],
    ['serve --port 65536', /--port takes a port/],
    ['serve --stream a', /NAME:SHARDS/],
    ['serve --stream a:0', /NAME:SHARDS/],
    ['serve --tls', /--tls is not available/],
    ['serve --prot 1', /--prot/],
  ] as const) {
    it(`refuses "${argv}"`, () => {
      const command = parseCommand(argv.split(' ').filter(Boolean))
      assert.equal(command.kind, 'usage-error')
      assert.match(command.kind === 'usage-error' ? command.message : '', message)
    })
  }
})
