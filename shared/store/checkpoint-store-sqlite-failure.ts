import { StoreUnavailable } from './checkpoint-store.ts'

/** An error as it goes from the worker to the caller. */
export type Failure =
  | { readonly kind: 'unavailable'; readonly reason: StoreUnavailable['reason']; readonly detail: string }
  | { readonly kind: 'invariant'; readonly message: string }

interface Judged {
  readonly failure: Failure
  /** The open file can still be trusted: the transaction was rolled back and nothing else happened. */
  readonly isOpenStill: boolean
}

/**
 * What an error of SQLite, of the file system or of ours means to the caller.
 * @returns undefined for an error that nobody foresaw
 */
export function judgeError(error: unknown): Judged | undefined {
  if (error instanceof StoreUnavailable)
    return { failure: { kind: 'unavailable', reason: error.reason, detail: error.message }, isOpenStill: false }
  if (!(error instanceof Error)) return undefined
  if (error.name === 'InvariantError')
    return { failure: { kind: 'invariant', message: error.message }, isOpenStill: true }
  const { code, errcode } = error as Error & { readonly code?: unknown; readonly errcode?: unknown }
  const unavailable = (reason: StoreUnavailable['reason'], isOpenStill = false, remedy = ''): Judged => ({
    failure: { kind: 'unavailable', reason, detail: `the checkpoint file cannot be used: ${error.message}${remedy}` },
    isOpenStill,
  })
  if (typeof errcode === 'number') {
    const known = sqliteCodes.get(errcode & 0xff)
    return known === undefined ? undefined : unavailable(known.reason, known.isOpenStill, known.remedy)
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return unavailable('disk-full')
  if (code === 'EROFS') return unavailable('read-only')
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? unavailable('unreachable') : undefined
}

/** What helps against a damaged file. */
export const startAnew = 'stop, delete checkpoints.db and checkpoints.db-wal, start: all is made again from the log'

interface SqliteCode {
  readonly reason: StoreUnavailable['reason']
  readonly isOpenStill?: boolean
  readonly remedy?: string
}

/** By primary result code. Source: sqlite.org/rescode.html. */
const sqliteCodes: ReadonlyMap<number, SqliteCode> = new Map<number, SqliteCode>([
  [13, { reason: 'disk-full', isOpenStill: true }],
  [8, { reason: 'read-only', isOpenStill: true }],
  // Busy, locked: another process has the file.
  [5, { reason: 'unreachable', isOpenStill: true }],
  [6, { reason: 'unreachable', isOpenStill: true }],
  // Not permitted, input or output failed, cannot be opened.
  [3, { reason: 'unreachable' }],
  [10, { reason: 'unreachable' }],
  [14, { reason: 'unreachable' }],
  // Damaged, not a database.
  [11, { reason: 'unreachable', remedy: `; ${startAnew}` }],
  [26, { reason: 'unreachable', remedy: `; ${startAnew}` }],
])
