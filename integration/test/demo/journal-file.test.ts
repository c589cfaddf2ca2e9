import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryLine, type JournalEntry } from '../../demo/journal-entry.ts'
import { JournalReader, JournalWriter } from '../../demo/journal-file.ts'
import { faultAt } from '../../demo/sabotage.ts'

describe('the journals of the demo', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-journal-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const entry = (shardId: string): JournalEntry => ({ kind: 'held', atMs: 1.5, shardId })

  it('are read as far as they are whole, on and on', () => {
    const path = join(folder, 'journal')
    const reader = new JournalReader(path)
    const writer = new JournalWriter(path)
    assert.deepEqual(reader.read(), [])
    writer.write(entry('ключ'))
    writer.write(entry('b'))
    assert.deepEqual(reader.read(), [entry('ключ'), entry('b')])
    const line = Buffer.from(entryLine(entry('é')))
    appendFileSync(path, line.subarray(0, line.length - 4))
    assert.deepEqual(reader.read(), [])
    appendFileSync(path, line.subarray(line.length - 4))
    assert.deepEqual(reader.read(), [entry('é')])
    reader.close()
  })

  it('hold lines longer than one read', () => {
    const path = join(folder, 'journal')
    new JournalWriter(path).write(entry('x'.repeat(600_000)))
    const reader = new JournalReader(path)
    assert.deepEqual(reader.read(), [entry('x'.repeat(600_000))])
    reader.close()
  })

  it('lose to sabotage one record only, the same for every worker', () => {
    const first = faultAt('lose-one', folder)
    const second = faultAt('lose-one', folder)
    assert.equal(first('a/1/0'), 'lose-one')
    assert.equal(second('b/1/0'), undefined)
    assert.equal(second('a/1/0'), 'lose-one')
    assert.equal(first('a/1/1'), undefined)
    assert.equal(faultAt(undefined, folder)('a/1/0'), undefined)
  })
})
