import assert from 'node:assert/strict'
import { parseCommand } from '../../demo/arguments.ts'

function complaint(...argv: string[]): string {
  const command = parseCommand(argv)
  return command.kind === 'usage-error' ? command.message : command.kind
}

describe('parseCommand of the demo', () => {
  it('has defaults for everything', () => {
    assert.deepEqual(parseCommand([]), {
      kind: 'run',
      options: {
        input: undefined,
        records: undefined,
        workers: 3,
        shards: undefined,
        style: 'record',
        sabotage: undefined,
        json: false,
      },
    })
  })

  it('reads every flag, in both spellings', () => {
    const line =
      '--input f.ndjson --key=a --records 7 --workers=2 --shards 5 --style readable --sabotage lose-one --json'
    assert.deepEqual(parseCommand(line.split(' ')), {
      kind: 'run',
      options: {
        input: { file: 'f.ndjson', key: 'a' },
        records: 7,
        workers: 2,
        shards: 5,
        style: 'readable',
        sabotage: 'lose-one',
        json: true,
      },
    })
  })

  it('names the nearest flag for one that it does not know', () => {
    assert.equal(complaint('--worker', '2'), 'unknown option --worker; did you mean --workers?')
    assert.equal(complaint('--sabotag=x'), 'unknown option --sabotag; did you mean --sabotage?')
    assert.equal(complaint('--zzzzzzzzz'), 'unknown option --zzzzzzzzz')
  })

  it('refuses what cannot be meant', () => {
    assert.match(complaint('--input', 'f'), /--input needs --key/)
    assert.match(complaint('--key', 'f'), /--key needs --input/)
    assert.match(complaint('--records', '0'), /--records is "0"/)
    assert.match(complaint('--workers', '2.5'), /--workers is "2.5"/)
    assert.match(complaint('--shards', '65'), /from 1 to 64/)
    assert.match(complaint('--sabotage', 'lose-two'), /use one of lose-one/)
    assert.match(
      complaint('--style=each'),
      /--style is "each": use one of record, batch, processor, iterator, readable/,
    )
    assert.match(complaint('--records'), /--records needs a value/)
    assert.match(complaint('--json=yes'), /takes no value/)
    assert.match(complaint('--json', '--json'), /given twice/)
    assert.match(complaint('run'), /unexpected argument "run"/)
  })

  it('knows --help', () => {
    assert.equal(complaint('--help'), 'help')
  })
})
