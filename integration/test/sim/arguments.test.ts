import assert from 'node:assert/strict'
import { parseArguments, USAGE, UsageError, unknownName } from '../../sim/arguments.ts'
import { SCENARIOS } from '../../sim/scenarios.ts'

function refuses(given: readonly string[], message: RegExp): void {
  assert.throws(
    () => parseArguments(given),
    (cause) => {
      assert.ok(cause instanceof UsageError, String(cause))
      assert.match(cause.message, message)
      return true
    },
  )
}

describe('parseArguments', () => {
  it('has defaults', () => {
    const given = parseArguments([])
    assert.deepEqual([given?.seeds, given?.from, given?.seed], [200, 1, undefined])
    assert.ok((given?.jobs ?? 0) >= 1)
  })

  it('takes a value after a space or a =', () => {
    assert.equal(parseArguments(['--seeds', '20'])?.seeds, 20)
    assert.equal(parseArguments(['--seeds=20'])?.seeds, 20)
    assert.equal(parseArguments(['--scenario=R19'])?.scenario, 'R19')
    assert.equal(parseArguments(['--seed=0', '--trace'])?.seed, 0)
  })

  it('is asked for the usage, which names each argument', () => {
    assert.equal(parseArguments(['--seeds', '3', '--help']), undefined)
    const known = Object.keys(parseArguments([]) ?? {})
    for (const name of known) {
      const argument = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
      assert.ok(USAGE.includes(argument), argument)
    }
  })

  it('names the nearest argument', () => {
    refuses(['--sead', '1'], /did you mean --seed\?/)
    refuses(['--Seeds=1'], /unknown argument --Seeds, did you mean --seeds\?/)
    refuses(['zzzzzzzzzzzz'], /known: --seeds, /)
  })

  it('refuses a number that is none, or that proves nothing', () => {
    for (const text of ['many', '', '-1', '1.5', '0x10', '1e3']) {
      refuses(['--seeds', text], /--seeds needs a whole number from 1 up/)
    }
    refuses(['--seeds'], /not nothing/)
    refuses(['--seeds', '0'], /from 1 up, not 0/)
    refuses(['--seeds=0'], /from 1 up, not 0/)
    refuses(['--jobs', '0'], /from 1 up/)
    refuses(['--seed', '-1'], /from 0 up/)
  })

  it('refuses beside --every-mutant what it would pass over', () => {
    refuses(['--every-mutant', '--seeds', '20'], /leave out --seeds/)
    refuses(['--scenario=R19', '--every-mutant'], /leave out --scenario/)
    refuses(['--every-mutant', '--trace'], /leave out --trace/)
    assert.equal(parseArguments(['--every-mutant', '--jobs=2', '--json'])?.everyMutant, true)
  })

  it('refuses one seed and many at once, and anything twice', () => {
    refuses(['--seed', '3', '--seeds', '20'], /--seed is one seed and --seeds many/)
    refuses(['--from', '3', '--seed', '20'], /--seed is one seed and --from many/)
    refuses(['--seeds', '3', '--seeds', '20'], /given twice/)
  })

  it('refuses a name that is missing, and a value where none belongs', () => {
    refuses(['--scenario'], /needs a name/)
    refuses(['--scenario='], /needs a name/)
    refuses(['--scenario', '--json'], /needs a name/)
    refuses(['--json=yes'], /takes no value/)
  })
})

describe('unknownName', () => {
  it('names the nearest, or all', () => {
    const names = SCENARIOS.map(({ name }) => name)
    assert.match(unknownName('scenario', 'r19', names).message, /r19, did you mean R19\?/)
    assert.match(
      unknownName('scenario', 'rolling-restarts', names).message,
      /did you mean rolling-restart\?/,
    )
    assert.match(unknownName('scenario', 'nothing like it', names).message, /known: .*R19/)
  })
})
