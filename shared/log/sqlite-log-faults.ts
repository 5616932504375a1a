import type { DatabaseSync } from 'node:sqlite'

/** What a disk or a system may do to the database, brought about by SQLite itself, so that tests see its true errors. */
export const fault = { isFull: 0, isReadOnly: 1, isDying: 2 } as const

export const makeFaults = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(12))

/** Before each transaction. */
export function bringAbout(faults: Int32Array<SharedArrayBuffer>, database: DatabaseSync): void {
  // SQLite raises a bound that is too low to the present size: the next page that is needed is one too many.
  database.exec(`PRAGMA max_page_count = ${Atomics.load(faults, fault.isFull) === 0 ? 4294967294 : 1}`)
  database.exec(`PRAGMA query_only = ${Atomics.load(faults, fault.isReadOnly)}`)
  if (Atomics.load(faults, fault.isDying) !== 0) throw new Error('the thread was told to die')
}
