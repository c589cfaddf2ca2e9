import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type CommandResult, runCommand } from '../../run-command.ts'

const REPOSITORY = resolve(import.meta.dirname, '../../..')
const MAIN = join(REPOSITORY, 'integration/demo/main.ts')

function demo(...argv: string[]): Promise<CommandResult> {
  const flags = ['--conditions=@millrace/source', '--import', 'tsx']
  return runCommand(process.execPath, [...flags, MAIN, ...argv], {
    cwd: REPOSITORY,
    timeoutMs: 30_000,
  })
}

describe('npm run demo', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-demo-test-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('exits with 2 for an unknown flag and names the nearest', async () => {
    const { exitCode, stdout, stderr } = await demo('--jsn')
    assert.equal(exitCode, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /unknown option --jsn; did you mean --json\?/)
  })

  it('exits with 2 for a line that cannot be put, before anything starts', async () => {
    const input = join(folder, 'input.ndjson')
    writeFileSync(input, '{"id":"a"}\n{"id":"b"}\n{"name":"c"}\n')
    const { exitCode, stdout, stderr } = await demo('--json', '--input', input, '--key', 'id')
    assert.equal(exitCode, 2)
    assert.equal(stdout, '')
    assert.equal(stderr, 'demo: line 3 lacks the key field "id"\n')
  })

  it('exits with 2 for an input that is not there', async () => {
    const { exitCode, stderr } = await demo('--input', join(folder, 'absent'), '--key', 'id')
    assert.equal(exitCode, 2)
    assert.match(stderr, /cannot be read: ENOENT/)
  })
})
