import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'

/** Who holds a data folder. */
export interface FolderOwner {
  readonly pid: number
  /** Process ids mean something on their own machine, or in their own container, only. */
  readonly host: string
  /** When it took the folder: RFC 3339. */
  readonly since: string
}

/** Another process holds the folder. */
export class DataFolderInUse extends Error {
  readonly _tag = 'DataFolderInUse'
  override readonly name = 'DataFolderInUse'
  /** undefined: it has not said who it is. */
  readonly owner: FolderOwner | undefined

  constructor(folder: string, owner: FolderOwner | undefined) {
    const who =
      owner === undefined
        ? 'another process'
        : `process ${owner.pid}${owner.host === hostname() ? '' : ` on ${owner.host}`} since ${owner.since}`
    super(`the data folder ${folder} is in use by ${who}; stop it, or give this one a folder of its own`)
    this.owner = owner
  }
}

/** The folder cannot be made, written or locked. */
export class DataFolderUnusable extends Error {
  readonly _tag = 'DataFolderUnusable'
  override readonly name = 'DataFolderUnusable'

  constructor(folder: string, cause: unknown) {
    super(`the data folder ${folder} cannot be used: ${reasonOf(cause)}`, { cause })
  }
}

/**
 * The folder of everything that a service keeps, held by one process at a time.
 *
 * F1 The lock is one of the operating system (SQLite's on a file of its own), so it goes with its process, however that ends; what is written
 *    beside it only tells people who holds it. A process id that another process has today therefore locks nothing.
 * F2 Nothing else opens the lock's file in this process: closing any descriptor of it would drop the lock.
 * F3 The lock is taken before anything else in the folder is opened, and released after all of it is closed: that is the caller's part.
 *
 * Not for network file systems, whose locks may not hold.
 */
export class DataFolder {
  readonly path: string
  readonly #lock: DatabaseSync
  /** It also keeps the lock reachable: a database that is collected is closed, and its lock is gone. */
  readonly #onExit = (): void => this.close()
  #isOpen = true

  private constructor(path: string, lock: DatabaseSync) {
    this.path = path
    this.#lock = lock
    process.once('exit', this.#onExit)
  }

  /**
   * Makes the folder (mode 0700) where it is missing, and locks it.
   * Rejects with DataFolderInUse or DataFolderUnusable.
   */
  static async open(path: string): Promise<DataFolder> {
    makeFolder(path)
    for (let attempt = 1; ; attempt++) {
      const lock = takeLock(path)
      if (lock !== undefined) {
        const folder = new DataFolder(path, lock)
        folder.#writeOwner()
        return folder
      }
      // An owner that was just killed may need a moment to go, and one that just came to write its name.
      if (attempt === attemptsMax) throw new DataFolderInUse(path, readOwner(path))
      await wait(attemptEveryMs)
    }
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.#onExit)
    try {
      rmSync(ownerFile(this.path), { force: true })
    } catch {
      // On a disk that fails, an old name stays. It locks nothing (F1).
    }
    this.#lock.close()
  }

  #writeOwner(): void {
    const owner: FolderOwner = { pid: process.pid, host: hostname(), since: new Date().toISOString() }
    const partial = `${ownerFile(this.path)}.partial`
    try {
      writeFileSync(partial, `${JSON.stringify(owner)}\n`, { mode: 0o600 })
      renameSync(partial, ownerFile(this.path))
    } catch (error) {
      this.close()
      throw new DataFolderUnusable(this.path, error)
    }
  }
}

const attemptsMax = 120
const attemptEveryMs = 25

const lockFile = (folder: string): string => join(folder, 'lock.sqlite')
const ownerFile = (folder: string): string => join(folder, 'owner.json')

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new DataFolderUnusable(path, error)
  }
}

/** @returns undefined where another has it */
function takeLock(folder: string): DatabaseSync | undefined {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(lockFile(folder))
    // IMMEDIATE, not EXCLUSIVE: that one waits for readers to go, so of two that start together each may see the other and give up.
    // Nothing is ever written, so there is nothing to recover from a journal.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE')
    return lock
  } catch (error) {
    lock?.close()
    if (sqliteCode(error) === sqliteBusy) return undefined
    throw new DataFolderUnusable(folder, error)
  }
}

function readOwner(folder: string): FolderOwner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(ownerFile(folder), 'utf8'))
    return isOwner(owner) ? owner : undefined
  } catch {
    // Missing or torn: the lock counts, this is a name only.
    return undefined
  }
}

const isOwner = (value: unknown): value is FolderOwner =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  Number.isSafeInteger(value.pid) &&
  'host' in value &&
  typeof value.host === 'string' &&
  'since' in value &&
  typeof value.since === 'string'

const sqliteBusy = 5

/** The primary code of SQLite; undefined for other errors. */
function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined

const systemReasons: Readonly<Record<string, string>> = {
  EACCES: 'it may not be read and written by this user',
  EPERM: 'it may not be read and written by this user',
  EROFS: 'its file system is read-only',
  EEXIST: 'it is a file; move that away, or give another folder',
  ENOTDIR: 'a part of its path is a file',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the quota of disk space is used up',
  ENAMETOOLONG: 'its path is too long',
}

const sqliteReasons: Readonly<Record<number, string>> = {
  8: 'lock.sqlite in it may not be written by this user',
  10: 'lock.sqlite in it cannot be read, written or locked',
  13: 'no space is left on the device',
  14: 'lock.sqlite in it cannot be opened by this user',
  26: 'lock.sqlite in it is no lock of Vigil; move it away',
}

function reasonOf(cause: unknown): string {
  const known = systemReasons[codeOf(cause) ?? ''] ?? sqliteReasons[sqliteCode(cause) ?? -1]
  return known ?? (cause instanceof Error ? cause.message : String(cause))
}
