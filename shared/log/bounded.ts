/**
 * Waits no longer than this for work that may never end: clients of brokers try again within each of their tries, for an hour where brokers take
 * connections and are silent. The work itself goes on, and what comes of it then does not matter.
 * @param late what it rejects with once the time is over
 */
export async function bounded<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), ms)
  return Promise.race([work, over]).finally(() => clearTimeout(timer))
}
