import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cgroupV1 } from '../../src/worker-metrics/cgroup-v1.ts'
import { cgroupV2 } from '../../src/worker-metrics/cgroup-v2.ts'
import { busyPercent, type CpuCounter } from '../../src/worker-metrics/cpu-counter.ts'
import { cpuSetSize } from '../../src/worker-metrics/cpu-set.ts'
import type { CpuSource } from '../../src/worker-metrics/cpu-source.ts'
import { procStat, readProcStat } from '../../src/worker-metrics/proc-stat.ts'

type Texts = readonly (string | undefined)[]

function counterOf(source: CpuSource, texts: Texts, atMs: number): CpuCounter | undefined {
  const reading = source.read(texts, atMs)
  return reading?.kind === 'counter' ? reading.counter : undefined
}

/** Between two sets of texts a second apart. */
function percentOver(source: CpuSource, before: Texts, after: Texts): number | undefined {
  const from = counterOf(source, before, 5000)
  const to = counterOf(source, after, 6000)
  return from && to && busyPercent(from, to)
}

/** Two readings of one machine, a second apart. */
const STAT_BEFORE = `cpu  374700 0 64819 581451 2030 0 826 203 0 0
cpu0 187263 0 30977 292880 520 0 244 92 0 0
cpu1 187436 0 33841 288570 1509 0 581 110 0 0
intr 36472731 0 0 0
ctxt 69110344
btime 1764101286
`
const STAT_AFTER = STAT_BEFORE.replace('374700 0 64819 581451 2030', '374820 2 64847 581491 2040')

const CPU_STAT = `usage_usec 4442663364
user_usec 3747000000
system_usec 695663364
nr_periods 0
nr_throttled 0
throttled_usec 0
`

describe('readProcStat', () => {
  it('counts waiting for I/O as busy and interrupts not at all, as KCL does', () => {
    assert.deepEqual(readProcStat(STAT_BEFORE), {
      used: 374_700 + 64_819 + 2030,
      at: 374_700 + 64_819 + 2030 + 581_451,
      cores: 1,
    })
    // (120 + 2 + 28 + 10) busy of 200 ticks: two CPUs for a second.
    assert.equal(percentOver(procStat, [STAT_BEFORE], [STAT_AFTER]), 80)
  })

  it('reads the machine, not one of its CPUs, and nothing from a file cut short', () => {
    for (const text of [
      STAT_BEFORE.slice(STAT_BEFORE.indexOf('cpu0')),
      'cpu  1 2 3\n',
      'cpu  1 2 3 x 5\n',
      '',
      undefined,
    ]) {
      assert.equal(readProcStat(text), undefined)
    }
  })
})

describe('cgroupV2', () => {
  const later = CPU_STAT.replace('4442663364', '4443163364')
  const cases: readonly (readonly [string, string, string | undefined, number | undefined])[] = [
    ['half a second of two CPUs', 'max 100000\n', '0-1\n', 25],
    ['half a second of a quota of two', '200000 100000\n', '0-7\n', 25],
    ['half a second of half a CPU', '50000 100000\n', '0-7\n', 100],
    ['more than the quota, for a moment', '10000 100000\n', '0-7\n', 100],
    ['a quota above the CPUs that there are', '800000 100000\n', '0-1\n', 25],
    ['a quota, where the CPU set is not shown', '200000 100000\n', undefined, 25],
    ['no quota and no CPU set', 'max 100000\n', undefined, undefined],
    ['a quota of nothing', '0 100000\n', '0-1\n', undefined],
    ['a period of nothing', '100000 0\n', '0-1\n', undefined],
    ['no period', 'max', '0-1\n', undefined],
  ]
  for (const [what, max, cpuSet, percent] of cases) {
    it(`makes ${percent ?? 'nothing'} of ${what}`, () => {
      const texts: Texts = [CPU_STAT, max, cpuSet]
      assert.equal(percentOver(cgroupV2, texts, [later, max, cpuSet]), percent)
    })
  }

  it('is silent about the group of a whole machine, which has no limit', () => {
    assert.equal(cgroupV2.read([CPU_STAT, undefined, '0-1\n'], 0), undefined)
  })

  it('finds the usage wherever its line is', () => {
    const moved = `nr_periods 0\n${CPU_STAT}`
    assert.ok(cgroupV2.read([moved, 'max 100000\n', '0\n'], 0) !== undefined)
    assert.equal(cgroupV2.read(['user_usec 5\n', 'max 100000\n', '0\n'], 0), undefined)
  })
})

describe('cgroupV1', () => {
  const from = '4442663364685\n'
  const to = '4443163364685\n'
  const cases: readonly (readonly [string, Texts, Texts, number | undefined])[] = [
    ['no quota', [from, undefined], ['-1\n', '100000\n', '0-1\n'], 25],
    ['a quota', [from, undefined], ['50000\n', '100000\n', '0-1\n'], 100],
    ['usage beside the other CPU files', [undefined, from], ['-1\n', '100000\n', '0-1\n'], 25],
    ['no quota and no CPU set', [from, undefined], ['-1\n', '100000\n', undefined], undefined],
    ['no quota file', [from, undefined], [undefined, '100000\n', '0-1\n'], undefined],
    ['a period of nothing', [from, undefined], ['50000\n', '0\n', '0-1\n'], undefined],
    ['no usage', [undefined, undefined], ['-1\n', '100000\n', '0-1\n'], undefined],
  ]
  for (const [what, usage, limits, percent] of cases) {
    it(`makes ${percent ?? 'nothing'} of ${what}`, () => {
      const later = usage.map((text) => text && to)
      assert.equal(
        percentOver(cgroupV1, [...usage, ...limits], [...later, ...limits])?.toFixed(6),
        percent?.toFixed(6),
      )
    })
  }
})

describe('cpuSetSize', () => {
  const sizes: readonly (readonly [string | undefined, number | undefined])[] = [
    ['0\n', 1],
    ['0-1', 2],
    ['0-3,8,10-11\n', 7],
    ['', undefined],
    ['\n', undefined],
    [undefined, undefined],
    ['3-1', undefined],
    ['0-1-2', undefined],
    ['0,', undefined],
    ['0-4294967295', undefined],
    ['-1', undefined],
  ]
  for (const [text, size] of sizes) {
    it(`counts ${size ?? 'nothing'} in ${JSON.stringify(text)}`, () => {
      assert.equal(cpuSetSize(text), size)
    })
  }
})

describe('busyPercent', () => {
  const at = (used: number, clock: number, cores = 1): CpuCounter => ({ used, at: clock, cores })

  it('says nothing when the clock stood still, or a counter began anew', () => {
    assert.equal(busyPercent(at(5, 10), at(6, 10)), undefined)
    assert.equal(busyPercent(at(5, 10), at(6, 9)), undefined)
    assert.equal(busyPercent(at(5, 10), at(4, 20)), undefined)
  })

  it('goes by the limit of the later reading', () => {
    assert.equal(busyPercent(at(0, 0, 1), at(10, 10, 4)), 25)
  })
})

describe('a source of files', () => {
  const number = fc.oneof(
    fc.nat().map(String),
    fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String),
    fc.constantFrom('0', '-1', 'max', '1e5', '0x10', 'NaN', '', ' '),
  )
  const words = fc.array(fc.oneof(number, fc.string({ maxLength: 5 })), { maxLength: 12 })
  const text = fc.oneof(
    fc.constant(undefined),
    fc.string(),
    number,
    words.map((all) => all.join(' ')),
    words.map((all) => `cpu ${all.join(' ')}\n`),
    number.map((n) => `usage_usec ${n}\n`),
    fc.tuple(number, number).map(([quota, period]) => `${quota} ${period}\n`),
    fc
      .array(fc.tuple(number, number), { maxLength: 4 })
      .map((ranges) => ranges.map(([a, b]) => `${a}-${b}`).join(',')),
  )
  for (const source of [procStat, cgroupV2, cgroupV1]) {
    it(`never throws on any text, and says 0 to 100 or nothing: ${source.name}`, () => {
      const count = source.places.length
      const texts = fc.array(text, { minLength: count, maxLength: count })
      fc.assert(
        fc.property(texts, texts, (before, after) => {
          const percent = percentOver(source, before, after)
          assert.ok(percent === undefined || (percent >= 0 && percent <= 100), String(percent))
        }),
        { numRuns: 3000 },
      )
    })
  }
})
