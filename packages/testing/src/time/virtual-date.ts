/** A `Date` whose now is virtual; with arguments it is the real one. */
export function virtualDate(RealDate: DateConstructor, nowMs: () => number): DateConstructor {
  function VirtualDate(this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return new RealDate(nowMs()).toString()
    const target = (new.target as unknown) === VirtualDate ? RealDate : new.target
    return Reflect.construct(RealDate, args.length === 0 ? [nowMs()] : args, target)
  }
  Object.defineProperties(VirtualDate, {
    name: { value: 'Date' },
    length: { value: 7 },
    // Shared, so that instanceof holds for dates made before, during and after.
    prototype: { value: RealDate.prototype },
    now: { value: nowMs, writable: true, configurable: true },
    parse: { value: RealDate.parse },
    UTC: { value: RealDate.UTC },
  })
  return VirtualDate as unknown as DateConstructor
}
