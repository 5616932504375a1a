// A way to a server on this machine that can be cut in the middle of a request, or be slow.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class CuttingProxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #cut: 'request' | 'answer' | undefined
  #held: { readonly text: string; readonly released: Promise<void> } | undefined

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => {
      const target = connect(targetPort, '127.0.0.1')
      this.#join(client, target, 'request')
      this.#join(target, client, 'answer')
    })
  }

  static async open(targetPort: number): Promise<CuttingProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new CuttingProxy(server, targetPort)
  }

  /** Cuts the connection once: before the server sees the next request, or when it has done that and before anybody sees its answer. */
  cutNext(what: 'request' | 'answer'): void {
    this.#cut = what
  }

  /** Holds the next request that holds a text back until the function that is returned is called. */
  holdNext(text: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = { text, released: promise }
    return resolve
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(from: Socket, to: Socket, what: 'request' | 'answer'): void {
    this.#sockets.add(from)
    from.on('data', (bytes) => {
      const held = this.#held
      if (held !== undefined && what === 'request' && bytes.includes(held.text)) {
        this.#held = undefined
        void held.released.then(() => to.write(bytes))
        return
      }
      if (this.#cut !== what) return void to.write(bytes)
      this.#cut = undefined
      from.destroy()
      to.destroy()
    })
    // Both ends are told by the other's close.
    from.on('error', () => {})
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}
