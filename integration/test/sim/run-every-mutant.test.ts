import assert from 'node:assert/strict'
import { runEveryMutant } from '../../sim/mutants/run-every-mutant.ts'
import { MutantNotAppliedError } from '../../sim/mutants/run-mutant.ts'

describe('runEveryMutant', () => {
  it('tells those that were found from those that survived and those that prove nothing', async () => {
    const lines: string[] = []
    const report = await runEveryMutant(
      ['a', 'b', 'c'],
      2,
      async (name, say) => {
        say(`what ${name} printed`)
        if (name === 'c') throw new MutantNotAppliedError('its text is gone')
        return name === 'a' ? 1 : 0
      },
      (line) => lines.push(line),
    )
    assert.deepEqual(report, { found: ['a'], survived: ['b'], notApplied: ['c'] })
    assert.ok(lines.includes('what b printed'))
    assert.ok(!lines.includes('what a printed'))
  })

  it('runs so many at once, and each of them once', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `mutant-${i}`)
    const ran: string[] = []
    let running = 0
    let most = 0
    await runEveryMutant(
      names,
      3,
      async (name) => {
        most = Math.max(most, ++running)
        ran.push(name)
        await Promise.resolve()
        running--
        return 1
      },
      () => {},
    )
    assert.equal(most, 3)
    assert.deepEqual(ran.sort(), names.sort())
  })

  it('does not hide what else goes wrong', async () => {
    const run = async (): Promise<number> => {
      throw new Error('out of disk')
    }
    await assert.rejects(
      runEveryMutant(['a'], 1, run, () => {}),
      /out of disk/,
    )
  })
})
