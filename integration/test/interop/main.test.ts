import assert from 'node:assert/strict'
import { join, resolve } from 'node:path'
import { type CommandResult, runCommand } from '../../run-command.ts'

const REPOSITORY = resolve(import.meta.dirname, '../../..')
const MAIN = join(REPOSITORY, 'integration/interop/main.ts')
const LIMIT_MS = 30_000

function interop(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const node = ['--conditions=@millrace/source', '--import', 'tsx', MAIN, ...args]
  return runCommand(process.execPath, node, { cwd: REPOSITORY, timeoutMs: LIMIT_MS, env })
}

describe('npm run interop', () => {
  it('exits with 2 for wrong use', async () => {
    const { exitCode, stderr } = await interop(['--case', 'everything'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /--case is one of mixed-fleet, lease-store/)
  })

  it('exits with 3 and names the JDK where there is none', async () => {
    for (const name of ['mixed-fleet', 'kpl-vectors']) {
      const { exitCode, stderr } = await interop(['--case', name], { PATH: '/nowhere' })
      assert.equal(exitCode, 3)
      assert.match(stderr, /a JDK .* is absent/)
    }
  })

  it('exits with 3 and names the server that the lease store would be judged on', async () => {
    const { exitCode, stderr } = await interop(['--case', 'lease-store'])
    assert.equal(exitCode, 3)
    assert.match(stderr, /a DynamoDB server is absent/)
  })
})
