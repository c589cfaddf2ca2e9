/**
 * V8 collects what nothing is alive of: the hidden classes, too, of a hot class that is at rest, and with
 * them all that it has compiled for it. After each pause it would be compiled anew, at about a tenth of the CPU
 * time of the page that comes then. So one of each such class is kept.
 */
const kept: object[] = []

/** @param instance one like those of the hot path: the same members, set in the same order */
export function keepShape(instance: object): void {
  kept.push(instance)
}
