import assert from 'node:assert/strict'
import { ThroughputMeter } from '../../src/delivery/throughput-meter.ts'

const KB = 1024

function meterOf(storedKBps: number | undefined): ThroughputMeter {
  return new ThroughputMeter({ storedKBps, windowMs: 3000, nowMs: 0 })
}

describe('ThroughputMeter', () => {
  it('says nothing before the first byte', () => {
    const meter = meterOf(undefined)
    assert.equal(meter.sample(3000), undefined)
    assert.equal(meter.sample(6000), undefined)
  })

  it('divides by the time since the last sample', () => {
    const meter = meterOf(undefined)
    meter.sample(3000)
    meter.add(10 * KB)
    meter.add(20 * KB)
    assert.equal(meter.sample(6000), 10)
  })

  it('moves by half of the difference with each sample', () => {
    const meter = meterOf(undefined)
    meter.add(12 * KB)
    assert.equal(meter.sample(3000), 4)
    meter.add(24 * KB)
    assert.equal(meter.sample(6000), 6)
    assert.equal(meter.sample(9000), 3)
    assert.equal(meter.sample(12_000), 1.5)
  })

  it('begins with what an earlier tenure has stored', () => {
    const meter = meterOf(8)
    meter.add(12 * KB)
    assert.equal(meter.sample(3000), 6)
  })

  it('counts on when it is asked within its window', () => {
    const meter = meterOf(8)
    meter.add(2 * KB)
    assert.equal(meter.sample(1000), 8)
    assert.equal(meter.sample(2999), 8)
    meter.add(4 * KB)
    assert.equal(meter.sample(3000), 5)
  })
})
