// Real servers for tests: one of each kind for all tests of a run, or one of a test's own that it may kill.
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'
import { openKeeper } from '../../scripts/servers/keeper-client.mjs'
import { missing } from './missing.ts'

export type ServerName = 'nats' | 'redis' | 'postgres' | 'kafka'

interface Answer {
  readonly url?: string
  readonly reason?: string
}

/**
 * The URL of a running server, which is started if it is the first to be asked for; undefined: it cannot be had, which is recorded.
 * The server is shared: use names of your own in it, and remove nothing else.
 * `const url = await serverFor('checkpoints in Redis', 'redis')`, `describe.skipIf(url === undefined)('checkpoints in Redis', ...)`.
 */
export async function serverFor(suite: string, name: ServerName): Promise<string | undefined> {
  const socket = connect(inject('serversPort'), '127.0.0.1')
  socket.write(`${name}\n`)
  const { url, reason }: Answer = JSON.parse(await text(socket))
  if (url === undefined) missing(suite, reason ?? 'no reason was given')
  return url
}

/** A server that belongs to one test file, with data of its own. It ends with the process of the test, however that ends. */
export interface OwnServer {
  readonly url: string
  /** `kill -9` */
  kill(): Promise<void>
  /** It stands still, and its connections stay open, until it is resumed. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** At the same place, with what its disk holds. */
  restart(): Promise<void>
  close(): Promise<void>
}

/**
 * @param toldPort where a server that tells its clients its place sends them; by default its own port
 * @returns undefined: it cannot be had, which is recorded
 */
export async function ownServerFor(suite: string, name: ServerName, toldPort?: number): Promise<OwnServer | undefined> {
  const keeper = openKeeper({ isOwn: true })
  const { url, reason }: Answer = await keeper.start(name, toldPort)
  if (url === undefined) {
    missing(suite, reason ?? 'no reason was given')
    await keeper.close()
    return undefined
  }
  return {
    url,
    kill: () => keeper.kill(name),
    pause: () => keeper.pause(name),
    resume: () => keeper.resume(name),
    restart: async () => {
      const again: Answer = await keeper.start(name, toldPort)
      if (again.url !== url) throw new Error(`${name} did not come back: ${again.reason}`)
    },
    close: () => keeper.close(),
  }
}
