// A small disk that only chosen processes see: a file system in memory, in a mount namespace of its own.
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** Whether this machine lets its users make one. */
export const hasPrivateDisks = (): boolean => run([...unshare, 'mount', '-t', 'tmpfs', 'vigil', mountedAt]).status === 0

export const noPrivateDisks = 'no user and mount namespaces (Linux: unshare --user --mount, nsenter)'

/** It is gone with its holder, a process that ends with this one, however this one ends. */
export class PrivateDisk {
  /** As processes within see it. */
  readonly path = mountedAt
  /** A command that runs the rest of its arguments within. */
  readonly within: readonly string[]
  readonly #holder: ChildProcess
  readonly #ballast: string

  private constructor(holder: ChildProcess) {
    this.#holder = holder
    this.within = ['nsenter', '--target', String(holder.pid), '--user', '--mount', '--preserve-credentials']
    this.#ballast = join(`/proc/${holder.pid}/root`, mountedAt, 'ballast')
  }

  static async open(megabytes: number): Promise<PrivateDisk> {
    const script = `mount -t tmpfs -o size=${megabytes}m vigil ${mountedAt} && echo mounted && read -r line`
    const [command, ...args] = [...unshare, 'bash', '-c', script]
    const holder = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const [line] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])
    if (String(line) !== 'mounted\n') throw new Error(`no private disk: ${line}`)
    return new PrivateDisk(holder)
  }

  /** Takes all room that is left. */
  fill(): void {
    const file = openSync(this.#ballast, 'a')
    const block = Buffer.alloc(65_536)
    try {
      // A full disk takes a part, or nothing.
      while (writeSync(file, block) > 0);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    } finally {
      closeSync(file)
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.#ballast, { force: true })
  }

  /** Only while no file is open for writing. */
  remount(mode: 'ro' | 'rw'): void {
    const { status, stderr } = run([...this.within, 'mount', '-o', `remount,${mode}`, mountedAt])
    if (status !== 0) throw new Error(`cannot be mounted ${mode}: ${stderr}`)
  }

  async close(): Promise<void> {
    this.#holder.stdin?.end()
    await once(this.#holder, 'exit')
  }
}

const run = ([command, ...args]: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(command, args, { encoding: 'utf8' })

const unshare = ['unshare', '--user', '--map-root-user', '--mount']
/** There on every Linux; covered within only. */
const mountedAt = '/mnt'
