import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { smallHistory } from './history.ts'

describe('determinism of simulate', () => {
  it('repeats a history in fresh processes, to the byte', async () => {
    const program = fileURLToPath(new URL('print-history.ts', import.meta.url))
    const inFreshProcess = async (seed: number): Promise<string> => {
      const flags = ['--conditions=@millrace/source', '--import', 'tsx']
      const run = await promisify(execFile)(process.execPath, [...flags, program, `${seed}`])
      return run.stdout
    }
    const [first, second] = await Promise.all([inFreshProcess(11), inFreshProcess(11)])
    assert.equal(first, second)
    const { traceHash, violations } = await smallHistory(11)
    assert.equal(first, JSON.stringify({ traceHash, violations }))
    assert.deepEqual(violations, [])
  })

  it('gives each seed a history of its own', async () => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 5; seed++) hashes.add((await smallHistory(seed)).traceHash)
    assert.equal(hashes.size, 5)
  })

  it('does not depend on whether somebody reads the trace', async () => {
    const lines: string[] = []
    const { traceHash } = await smallHistory(3, (line) => lines.push(line))
    assert.equal(traceHash, (await smallHistory(3)).traceHash)
    assert.ok(lines.some((line) => / w1 call #\d+ kinesis\.putRecords /.test(line)))
    assert.ok(lines.some((line) => / w1 pause 1500$/.test(line)))
    assert.ok(lines.some((line) => / w2 kill$/.test(line)))
    // Payloads are hashed, never printed.
    assert.ok(lines.every((line) => !line.includes('w1 0') && !line.includes(import.meta.dirname)))
  })
})
