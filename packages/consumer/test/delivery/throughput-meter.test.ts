import assert from 'node:assert/strict'
import { ThroughputMeter } from '../../src/delivery/throughput-meter.ts'

const KB = 1024

describe('ThroughputMeter', () => {
  it('says nothing before the first byte', () => {
    const meter = new ThroughputMeter(undefined, 0)
    assert.equal(meter.sample(3000), undefined)
    assert.equal(meter.sample(6000), undefined)
  })

  it('divides by the time since the last sample', () => {
    const meter = new ThroughputMeter(undefined, 0)
    meter.sample(3000)
    meter.add(10 * KB)
    meter.add(20 * KB)
    assert.equal(meter.sample(6000), 10)
  })

  it('moves by half of the difference with each sample, down to nothing', () => {
    const meter = new ThroughputMeter(undefined, 0)
    meter.add(12 * KB)
    assert.equal(meter.sample(3000), 4)
    meter.add(24 * KB)
    assert.equal(meter.sample(6000), 6)
    assert.equal(meter.sample(9000), 3)
    assert.equal(meter.sample(12_000), 1.5)
    for (let nowMs = 15_000; nowMs < 90_000; nowMs += 3000) meter.sample(nowMs)
    assert.equal(meter.sample(90_000), 0)
  })

  it('begins with what an earlier tenure has stored', () => {
    const meter = new ThroughputMeter(8, 0)
    meter.add(12 * KB)
    assert.equal(meter.sample(3000), 6)
  })

  it('counts on when it is asked again at once', () => {
    const meter = new ThroughputMeter(8, 0)
    meter.add(KB)
    assert.equal(meter.sample(999), 8)
    meter.add(2 * KB)
    assert.equal(meter.sample(1000), 5.5)
  })

  it('has six decimals', () => {
    const meter = new ThroughputMeter(undefined, 0)
    meter.add(1)
    assert.equal(meter.sample(1000), 0.000977)
  })
})
