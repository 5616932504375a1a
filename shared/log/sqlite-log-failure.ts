import type { LogUnavailable } from './event-log.ts'

/** Why the database did not do something, in a form that passes between threads. */
export interface LogFailure {
  readonly reason: Exclude<LogUnavailable['reason'], 'closed'>
  readonly detail: string
}

/** The file is not a log that this version can use. Not to be tried again as it is. */
export class LogRefused extends Error {
  readonly _tag = 'LogRefused'
  override readonly name = 'LogRefused'
}

/** What the world did. Throws the error again where it was a mistake of ours. */
export function failureOf(file: string, error: unknown): LogFailure {
  const known = knownFailures.get(resultCode(error) ?? systemCode(error))
  if (known === undefined || !(error instanceof Error)) throw error
  const [reason, what] = known
  const code = 'errcode' in error ? `, SQLite code ${error.errcode}` : ''
  return { reason, detail: `${file}: ${what} (${error.message}${code})` }
}

/** Whether SQLite says that the content of the file is no database, or a damaged one. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error)
  return code === corrupt || code === notADatabase
}

/** Primary result code of SQLite: the low byte of the extended one. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined
  return error.errcode & 0xff
}

const systemCode = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

const corrupt = 11
const notADatabase = 26

/**
 * What is no mistake of ours: result codes of SQLite (sqlite.org/rescode.html), and Node's names for errors of the file system, which are
 * met before the database is opened.
 */
const knownFailures: ReadonlyMap<unknown, readonly [reason: LogFailure['reason'], what: string]> = new Map<
  unknown,
  readonly [LogFailure['reason'], string]
>([
  [13, ['disk-full', 'there is no room: free some, and the log goes on by itself']],
  ['ENOSPC', ['disk-full', 'there is no room: free some, and start again']],
  [3, ['read-only', 'may not be used: give the right to read and write it']],
  [8, ['read-only', 'may only be read: give the right to write it and its folder']],
  [14, ['read-only', 'cannot be opened: see that it and its folder can be written']],
  ['EACCES', ['read-only', 'may not be used: give the right to read and write it and its folder']],
  ['EROFS', ['read-only', 'lies on a disk that may only be read: name another folder']],
  [5, ['unreachable', 'is in use by another process: end that one first']],
  [7, ['unreachable', 'cannot be used for lack of memory']],
  [10, ['unreachable', 'cannot be read or written: see to the disk']],
  [corrupt, ['unreachable', 'is damaged: stop, and put back a copy']],
  [notADatabase, ['unreachable', 'is damaged: stop, and put back a copy']],
  ['EEXIST', ['unreachable', 'its folder is a file: name another one']],
  ['ENOTDIR', ['unreachable', 'its folder lies in a file: name another one']],
])
