import type { EventLog } from '#shared/log/event-log'

/** A log that does some things in its own way, and all others as the log below. */
export const logOver = (log: EventLog, own: Partial<Omit<EventLog, 'health'>>): EventLog => ({
  append: (request) => log.append(request),
  read: (partition, from, bytesMax) => log.read(partition, from, bytesMax),
  waitFor: (partition, offset, signal) => log.waitFor(partition, offset, signal),
  bounds: (partition) => log.bounds(partition),
  find: (ids) => log.find(ids),
  get health() {
    return log.health
  },
  renewReader: () => log.renewReader(),
  close: () => log.close(),
  ...own,
})
