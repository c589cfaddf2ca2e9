import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Names every module that is loaded, ours and CommonJS ones alike, as they are resolved. */
const PROBE = `
import { createRequire, register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent(\`
  import { writeSync } from 'node:fs'
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context)
    writeSync(1, found.url + '\\\\n')
    return found
  }
\`))
const { aggregate, deaggregate } = await import('@millrace/core/aggregation')
const userRecord = { partitionKey: 'k', data: Buffer.from('x') }
const [record] = aggregate([userRecord, userRecord])
console.log('user records:', [...deaggregate(record)].length)
for (const path of Object.keys(createRequire(process.cwd() + '/x.cjs').cache)) console.log(path)
`

describe('@millrace/core/aggregation', () => {
  it('loads no AWS SDK', async () => {
    const { stdout } = await run(
      process.execPath,
      ['--import', 'tsx', '--conditions=@millrace/source', '--input-type=module', '-e', PROBE],
      { cwd: fileURLToPath(new URL('../..', import.meta.url)) },
    )
    assert.match(stdout, /user records: 2/)
    assert.match(stdout, /core\/src\/aggregation\/index\.ts/)
    assert.match(stdout, /protobufjs/)
    assert.doesNotMatch(stdout, /@aws-sdk|@smithy|bottleneck|p-retry/)
  })
})
