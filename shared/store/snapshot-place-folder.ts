import { mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type SnapshotPlace, SnapshotPlaceUnavailable } from './snapshot-place.ts'

/**
 * Snapshots as files of a folder, which is made when the first one comes.
 *
 * F1 A file appears under its name when all of it is on the disk: until then it has another.
 */
export class FolderSnapshotPlace implements SnapshotPlace {
  readonly where: string

  constructor(folder: string) {
    this.where = folder
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#guard('written', async () => {
      const file = join(this.where, key)
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await writeDurably(file + partialEnd, bytes)
      await rename(file + partialEnd, file)
      await syncFolder(dirname(file))
    })
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#guard('read', () => unlessMissing(() => readFile(join(this.where, key))))
  }

  async list(prefix: string): Promise<readonly string[]> {
    return this.#guard('read', async () => {
      const folder = join(this.where, prefix)
      const found = (await unlessMissing(() => readdir(folder, { recursive: true, withFileTypes: true }))) ?? []
      return found
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(join(this.where, '/').length))
    })
  }

  async remove(key: string): Promise<void> {
    await this.#guard('written', async () => {
      await rm(join(this.where, key), { force: true })
      // A folder that is empty now goes, too; the last file of it was this one, or it stays.
      await rmdir(dirname(join(this.where, key))).catch(() => {})
    })
  }

  async #guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new SnapshotPlaceUnavailable(`the snapshots in ${this.where} cannot be ${what}: ${why}`, { cause: error })
    }
  }
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const partialEnd = '.partial'
