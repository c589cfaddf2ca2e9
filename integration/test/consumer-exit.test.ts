/** A consumer as users have it, on sockets: when it has ended, the process has nothing to wait for. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type LocalKinesis, startLocalKinesis } from '@millrace/testing'
import { runCommand } from '../run-command.ts'

const STREAM = 'orders'

interface Line {
  readonly name: string
  readonly ended: string
  readonly state: string
  readonly left: readonly string[]
}

describe('a process whose consumer has ended', () => {
  let local: LocalKinesis

  before(async () => {
    local = await startLocalKinesis({ streams: [{ name: STREAM }] })
    await local.kinesis.putRecord({
      StreamName: STREAM,
      Data: Buffer.from('hello'),
      PartitionKey: 'k',
    })
  })
  after(() => local.close())

  it('has no socket and no timer of it, in whichever state it was closed, and ends by itself', async () => {
    const { exitCode, stdout, stderr } = await runCommand(
      process.execPath,
      [
        ...['--conditions=@millrace/source', '--import', 'tsx'],
        join(import.meta.dirname, 'closing-child.ts'),
        ...[local.kinesisUrl, local.dynamodbUrl, STREAM],
      ],
      { cwd: join(import.meta.dirname, '../..'), timeoutMs: 50_000 },
    )
    assert.equal(exitCode, 0, `${stdout}\n${stderr}`)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
    assert.equal(lines.length, 5)
    for (const { name, ended, state, left } of lines) {
      assert.deepEqual(left, [], name)
      assert.equal(state, name === 'destroyed' ? 'failed' : 'stopped', name)
      if (name !== 'destroyed') assert.equal(ended, 'resolved', name)
    }
  })
})
