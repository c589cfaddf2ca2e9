import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const SOURCE = new URL('../../src/cli/run-cli.ts', import.meta.url).href

const children: ChildProcess[] = []

/** As bin/millrace-testing.js, on the sources. */
function run(...argv: string[]): ChildProcess {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@millrace/source',
      '--import=tsx',
      '--input-type=module',
      '--eval',
      `import { runCli } from ${JSON.stringify(SOURCE)}
       process.exitCode = await runCli(${JSON.stringify(argv)})`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  children.push(child)
  return child
}

function exitOf(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })))
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('no stdout')
    createInterface(child.stdout).once('line', resolve)
    child.once('close', () => reject(new Error('it ended without a line')))
  })
}

describe('millrace-testing', () => {
  // A server that does not close must fail its test, not hold the whole suite.
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  it('prints its URLs first and leaves on SIGTERM with a connection open', async () => {
    const child = run('serve', '--stream', 'orders:2')
    const exit = exitOf(child)
    const line = await firstLine(child)
    const urls = JSON.parse(line) as { kinesis: string; dynamodb: string }
    assert.deepEqual(Object.keys(urls), ['kinesis', 'dynamodb'])
    const socket = connect(Number(new URL(urls.kinesis).port), '127.0.0.1')
    await new Promise<void>((resolve) => socket.once('connect', resolve))
    socket.on('error', () => {})
    child.kill('SIGTERM')
    assert.deepEqual(await exit, { code: 0, stderr: '' })
    socket.destroy()
  })

  it('says when the port is taken', async () => {
    const first = run('serve')
    const firstExit = exitOf(first)
    const { kinesis } = JSON.parse(await firstLine(first)) as { kinesis: string }
    const port = new URL(kinesis).port
    const second = await exitOf(run('serve', '--port', port))
    assert.equal(second.code, 3)
    assert.match(second.stderr, new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}: EADDRINUSE`))
    first.kill('SIGINT')
    assert.equal((await firstExit).code, 0)
  })

  it('leaves with 2 and the usage when it does not understand', async () => {
    const { code, stderr } = await exitOf(run('serve', '--tls'))
    assert.equal(code, 2)
    assert.match(stderr, /--tls is not available[\s\S]*Usage:/)
  })
})
