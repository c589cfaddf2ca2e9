/** The smoke test for live AWS, as far as it goes without AWS. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { type LocalKinesis, startLocalKinesis } from '@millrace/testing'
import { type CommandResult, runCommand } from '../run-command.ts'
import { smokeSettings } from '../smoke/settings.ts'

const REPOSITORY = resolve(import.meta.dirname, '../..')

/** With nothing in the environment that the SDK could find by chance. */
function smoke(env: Readonly<Record<string, string>>): Promise<CommandResult> {
  return runCommand(
    process.execPath,
    ['--conditions=@millrace/source', '--import', 'tsx', 'integration/smoke/main.ts'],
    {
      cwd: REPOSITORY,
      timeoutMs: 50_000,
      env: {
        AWS_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
        AWS_CONFIG_FILE: '/nonexistent/config',
        AWS_PROFILE: '',
        ...NO_KEYS,
        ...env,
      },
    },
  )
}
const NO_KEYS = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', MILLRACE_SMOKE_STREAM: '' }
const KEYS = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' }

describe('npm run smoke', () => {
  let local: LocalKinesis
  before(async () => {
    local = await startLocalKinesis({ streams: [{ name: 'smoke', shardCount: 3 }] })
  })
  after(() => local.close())

  it('does nothing and exits with 3 when no stream is named', async () => {
    const { exitCode, stdout } = await smoke(KEYS)
    assert.equal(exitCode, 3, stdout)
    assert.match(stdout, /^MILLRACE_SMOKE_STREAM names no stream, so nothing was done\.$/m)
  })

  it('does nothing and exits with 3 when there are no credentials', async () => {
    const { exitCode, stdout } = await smoke({ MILLRACE_SMOKE_STREAM: 'smoke' })
    assert.equal(exitCode, 3, stdout)
    assert.match(stdout, /no AWS credentials were found: nothing was done\.$/m)
  })

  it('brings every record through producer, stream and two workers, and says so', async () => {
    const { exitCode, stdout } = await smoke({
      ...KEYS,
      MILLRACE_SMOKE_STREAM: 'smoke',
      AWS_ENDPOINT_URL_KINESIS: local.kinesisUrl,
      AWS_ENDPOINT_URL_DYNAMODB: local.dynamodbUrl,
    })
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, /^delivered: 100 of 100, /m)
  })

  it('exits with 1 and says why when the stream is not there', async () => {
    const { exitCode, stdout } = await smoke({
      ...KEYS,
      MILLRACE_SMOKE_STREAM: 'nowhere',
      AWS_ENDPOINT_URL_KINESIS: local.kinesisUrl,
      AWS_ENDPOINT_URL_DYNAMODB: local.dynamodbUrl,
    })
    assert.equal(exitCode, 1, stdout)
    assert.match(stdout, /^FAILED: .*nowhere/m)
  })
})

describe('smokeSettings', () => {
  it('takes a name or an ARN, whose name is in that of the table', () => {
    assert.deepEqual(smokeSettings({ MILLRACE_SMOKE_STREAM: 'mine' }), {
      stream: 'mine',
      applicationName: 'millrace-smoke-mine',
      records: 100,
    })
    const arn = 'arn:aws:kinesis:eu-west-1:111122223333:stream/mine'
    assert.equal(smokeSettings({ MILLRACE_SMOKE_STREAM: arn })?.stream, arn)
    assert.equal(
      smokeSettings({ MILLRACE_SMOKE_STREAM: arn, MILLRACE_SMOKE_APPLICATION: 'other' })
        ?.applicationName,
      'other',
    )
  })

  it('takes nothing that can be no stream', () => {
    assert.equal(smokeSettings({}), undefined)
    assert.equal(smokeSettings({ MILLRACE_SMOKE_STREAM: 'no stream' }), undefined)
  })
})
