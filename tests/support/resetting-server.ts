import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A server that resets each connection as soon as something is said there, as a broker does that is killed. */
interface ResettingServer extends AsyncDisposable {
  readonly port: number
  /** So many connections were reset. */
  readonly resetsCount: number
  /** What would have ended a process since the server was made. */
  readonly uncaught: readonly unknown[]
}

export async function resettingServer(): Promise<ResettingServer> {
  const uncaught: unknown[] = []
  const keep = (error: unknown): number => uncaught.push(error)
  process.on('uncaughtException', keep)
  let resetsCount = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      resetsCount++
      socket.resetAndDestroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get resetsCount() {
      return resetsCount
    },
    uncaught,
    [Symbol.asyncDispose]: async () => {
      process.off('uncaughtException', keep)
      server.close()
      await once(server, 'close')
    },
  }
}
