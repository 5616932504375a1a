import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DataFolder, DataFolderInUse, DataFolderUnusable } from './data-folder.ts'

let root: string
let folder: string
const holders: Holder[] = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vigil-data-folder-'))
  chmodSync(root, 0o755)
  folder = join(root, 'data')
})
afterEach(async () => {
  for (const holder of holders.splice(0)) await holder.kill()
  rmSync(root, { recursive: true, force: true })
})

/** On the first line of stdin it opens the folder, forgets it, and tells what came of it; at the end of stdin it ends. */
const program = `
import { createInterface } from 'node:readline'
import { DataFolder } from ${JSON.stringify(join(import.meta.dirname, 'data-folder.ts'))}
console.log('ready')
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
await lines.next()
try {
  await DataFolder.open(process.argv[1])
  globalThis.gc()
  console.log('open')
  await lines.next()
} catch (error) {
  console.log(error._tag + ': ' + error.message)
}
`

/** A process of its own that wants the folder. */
class Holder {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(path: string, user?: { readonly uid: number; readonly gid: number }) {
    this.child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', program, path], {
      cwd: tmpdir(),
      stdio: ['pipe', 'pipe', 'inherit'],
      ...user,
    })
    this.#lines = createInterface({ input: this.child.stdout ?? process.stdin })[Symbol.asyncIterator]()
    holders.push(this)
  }

  async line(): Promise<string> {
    return String((await this.#lines.next()).value)
  }

  go(): void {
    this.child.stdin?.write('go\n')
  }

  /** @returns what it said */
  async open(): Promise<string> {
    await this.line()
    this.go()
    return this.line()
  }

  /** Ends it in order. */
  async end(): Promise<void> {
    const ended = once(this.child, 'exit')
    this.child.stdin?.end()
    await ended
  }

  /** Ends it with -9. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
  }
}

const ownerOf = (path: string) => JSON.parse(readFileSync(join(path, 'owner.json'), 'utf8'))

describe('a data folder', () => {
  it('is made with its parents, for its user alone', async () => {
    const data = await DataFolder.open(join(folder, 'deep'))
    expect(statSync(data.path).mode & 0o777).toBe(0o700)
    data.close()
  })

  it('is refused to a second process, which is told the owner, since when, and the folder (F1)', async () => {
    const data = await DataFolder.open(folder)
    const { pid, host, since } = ownerOf(folder)
    expect({ pid, host }).toEqual({ pid: process.pid, host: hostname() })
    expect(Math.abs(Date.now() - Date.parse(since))).toBeLessThan(60_000)
    expect(await new Holder(folder).open()).toBe(
      `DataFolderInUse: the data folder ${folder} is in use by process ${process.pid} since ${since}; stop it, or give this one a folder of its own`,
    )
    data.close()
    expect(existsSync(join(folder, 'owner.json'))).toBe(false)
    expect(await new Holder(folder).open()).toBe('open')
  })

  it('is refused to a second owner in the same process, and stays locked for others (F2)', async () => {
    const data = await DataFolder.open(folder)
    await expect(DataFolder.open(folder)).rejects.toThrow(DataFolderInUse)
    expect(await new Holder(folder).open()).toContain(`process ${process.pid} `)
    data.close()
    data.close()
  })

  it('is free once its owner was killed with -9, and another takes it', async () => {
    const first = new Holder(folder)
    expect(await first.open()).toBe('open')
    await expect(DataFolder.open(folder)).rejects.toThrow(`in use by process ${first.child.pid} since`)
    await first.kill()
    expect(ownerOf(folder).pid).toBe(first.child.pid)
    const data = await DataFolder.open(folder)
    expect(ownerOf(folder).pid).toBe(process.pid)
    data.close()
  })

  it('is free where only the name of an owner is left, though another process has its id today', async () => {
    const first = new Holder(folder)
    await first.open()
    await first.kill()
    writeFileSync(join(folder, 'owner.json'), JSON.stringify({ ...ownerOf(folder), pid: process.ppid }))
    expect(await new Holder(folder).open()).toBe('open')
  })

  it('is kept by an owner that drops it from sight, and given back when that one ends in order', async () => {
    const first = new Holder(folder)
    await first.open()
    expect(await new Holder(folder).open()).toContain('DataFolderInUse')
    await first.end()
    expect(existsSync(join(folder, 'owner.json'))).toBe(false)
    const data = await DataFolder.open(folder)
    data.close()
  })

  it.each([1, 2, 3])('goes to exactly one of those that start at the same instant (round %i)', async () => {
    mkdirSync(folder)
    // What a killed owner leaves.
    writeFileSync(join(folder, 'owner.json'), '{"pid":')
    const all = Array.from({ length: 5 }, () => new Holder(folder))
    for (const holder of all) await holder.line()
    for (const holder of all) holder.go()
    const said = await Promise.all(all.map((holder) => holder.line()))
    const winner = all[said.indexOf('open')]
    expect(said.filter((line) => line === 'open')).toHaveLength(1)
    expect(said.filter((line) => line.includes(`is in use by process ${winner.child.pid} since`))).toHaveLength(4)
  })

  it('names the host of an owner elsewhere', async () => {
    const data = await DataFolder.open(folder)
    writeFileSync(join(folder, 'owner.json'), JSON.stringify({ ...ownerOf(folder), host: 'other', pid: 7 }))
    await expect(DataFolder.open(folder)).rejects.toThrow('is in use by process 7 on other since')
    data.close()
  })

  it('says in the end that it is in use where the owner does not say who it is', async () => {
    const data = await DataFolder.open(folder)
    rmSync(join(folder, 'owner.json'))
    await expect(DataFolder.open(folder)).rejects.toThrow('is in use by another process;')
    data.close()
  })
})

describe('what cannot be a data folder', () => {
  it('a file', async () => {
    writeFileSync(folder, '')
    await expect(DataFolder.open(folder)).rejects.toThrow(`the data folder ${folder} cannot be used: it is a file`)
    await expect(DataFolder.open(join(folder, 'deep'))).rejects.toThrow('a part of its path is a file')
  })

  it('a folder whose lock is something else', async () => {
    mkdirSync(folder)
    writeFileSync(join(folder, 'lock.sqlite'), 'notes of mine\n'.repeat(100))
    await expect(DataFolder.open(folder)).rejects.toThrow('is no lock of Vigil')
    rmSync(join(folder, 'lock.sqlite'))
    mkdirSync(join(folder, 'lock.sqlite'))
    await expect(DataFolder.open(folder)).rejects.toThrow(DataFolderUnusable)
  })

  it('a folder that may not be written, or whose parent may not', async () => {
    // Permissions do not bind the superuser, so the attempt is made as nobody.
    const isRoot = process.getuid?.() === 0
    const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : undefined
    mkdirSync(folder, { mode: 0o755 })
    chmodSync(folder, 0o555)
    const refused = 'it may not be read and written by this user'
    expect(await new Holder(folder, nobody).open()).toContain(refused)
    expect(await new Holder(join(folder, 'deep'), nobody).open()).toContain(refused)
  })

  it('one in which the name of its owner cannot be written: the lock is let go', async () => {
    mkdirSync(join(folder, 'owner.json.partial'), { recursive: true })
    await expect(DataFolder.open(folder)).rejects.toThrow(DataFolderUnusable)
    rmSync(join(folder, 'owner.json.partial'), { recursive: true })
    expect(await new Holder(folder).open()).toBe('open')
  })

  it('one on a full disk', () => {
    const full = Object.assign(new Error(), { code: 'ENOSPC' })
    expect(new DataFolderUnusable(folder, full).message).toMatch(/: no space is left on the device$/)
  })
})
