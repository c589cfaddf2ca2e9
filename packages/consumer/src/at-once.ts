/** Does the same to many, a bounded number of them at once. */

/** Rejects with the first failure, after what is under way has settled. */
export async function atOnce<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  const line = async (): Promise<void> => {
    while (next < items.length) await work(items[next++] as T)
  }
  const lines = Array.from({ length: Math.min(most, items.length) }, line)
  const results = await Promise.allSettled(lines)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
