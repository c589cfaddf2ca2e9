/** The child's end of the line to its parent. */

/** What the parent passed; also ties this process to the parent's life. */
export function readSettings<T>(): T {
  // Ctrl-C reaches the whole process group; only the parent decides what it means.
  process.on('SIGINT', () => undefined)
  // Without its parent a child has no purpose: nothing is left behind, however the parent died.
  process.on('disconnect', () => process.exit(1))
  // The channel alone does not keep this process alive.
  process.channel?.unref()
  return JSON.parse(process.argv[2] ?? 'null') as T
}

export function tellParent(message: object): void {
  process.send?.(message)
}
