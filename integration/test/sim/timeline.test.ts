/** A history as a person reads it. */
import assert from 'node:assert/strict'
import { timelineOf } from '../../sim/report/timeline.ts'
import type { TraceEvent } from '../../sim/report/trace-events.ts'

function event(atMs: number, who: string | undefined, text: string): TraceEvent {
  return { atMs, who, text, isViolation: false }
}

function violation(atMs: number): TraceEvent {
  return { atMs, who: undefined, text: 'S3 the checkpoint went back', isViolation: true }
}

describe('timelineOf', () => {
  it('has a column for each process, and time down the side', () => {
    assert.deepEqual(
      timelineOf(
        [
          event(0, 'w0', 'spawn'),
          event(1.25, 'w1', 'spawn'),
          event(20, undefined, 'all faults end'),
          violation(30),
        ],
        { width: 12 + 2 * 19 },
      ),
      [
        '  virtual ms | w0               | w1',
        '         0.0 | spawn            |',
        '         1.3 |                  | spawn',
        '        20.0 --- all faults end',
        '        30.0 >>> VIOLATION S3 the checkpoint went back',
      ],
    )
  })

  it('cuts what is wider than its column', () => {
    const [, line = ''] = timelineOf([event(0, 'w0', 'x'.repeat(50))], { width: 20 })
    assert.equal(line, `         0.0 | ${'x'.repeat(15)}…`)
  })

  it('shows those around the first violation, most of them before it', () => {
    const events = [
      ...Array.from({ length: 200 }, (_, i) => event(i, 'w0', `before ${i}`)),
      violation(200),
      violation(201),
      ...Array.from({ length: 200 }, (_, i) => event(202 + i, 'w0', `after ${i}`)),
    ]
    const lines = timelineOf(events, { events: 80 })
    assert.equal(lines.length, 82)
    assert.match(lines[1] ?? '', /\.\.\./)
    assert.match(lines[2] ?? '', /before 133/)
    assert.match(lines.at(-13) ?? '', /200\.0 >>> VIOLATION/)
    assert.match(lines.at(-1) ?? '', /after 10/)
  })

  it('leaves out processes to which nothing happens in what it shows', () => {
    const events = [event(0, 'old', 'exit'), event(1, 'w0', 'spawn'), violation(2)]
    assert.match(timelineOf(events, { events: 2 })[0] ?? '', /^ +virtual ms \| w0$/)
  })

  it('shows the last when nothing was violated', () => {
    const events = Array.from({ length: 10 }, (_, i) => event(i, 'w0', `event ${i}`))
    const lines = timelineOf(events, { events: 3 })
    assert.match(lines.at(-1) ?? '', /event 9/)
    assert.equal(lines.length, 5)
  })
})
