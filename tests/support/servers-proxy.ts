// A way to a server on this machine that can be cut in the middle of a request, or be slow.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class CuttingProxy {
  readonly port: number
  /** May be set after `open`, for a server that sends its clients to the proxy and so has to know its port first. */
  targetPort: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #cut: { readonly what: 'request' | 'answer'; readonly text: string | undefined } | undefined
  /** Clients whose next answer is cut off. */
  readonly #cutAnswers = new WeakSet<Socket>()
  #held: { readonly text: string; readonly released: Promise<void> } | undefined

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.targetPort = targetPort
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => {
      const target = connect(this.targetPort, '127.0.0.1')
      this.#join(client, target, 'request')
      this.#join(target, client, 'answer')
    })
  }

  static async open(targetPort: number): Promise<CuttingProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new CuttingProxy(server, targetPort)
  }

  /**
   * Cuts the connection once: before the server sees the next request, or when it has done that and before anybody sees its answer.
   * @param text which the request has; left out: whatever comes
   */
  cutNext(what: 'request' | 'answer', text?: string): void {
    this.#cut = { what, text }
  }

  /** Holds the next request that holds a text back until the function that is returned is called. */
  holdNext(text: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = { text, released: promise }
    return resolve
  }

  /** Cuts every connection that there is. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cutAll()
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
      if (!this.#isCut(from, to, what, bytes)) return void to.write(bytes)
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

  #isCut(from: Socket, to: Socket, what: 'request' | 'answer', bytes: Buffer): boolean {
    const cut = this.#cut
    if (what === 'answer' && this.#cutAnswers.delete(to)) return true
    if (cut === undefined) return false
    if (cut.text === undefined) {
      if (cut.what !== what) return false
    } else if (what !== 'request' || !bytes.includes(cut.text)) return false
    this.#cut = undefined
    if (cut.what === what) return true
    this.#cutAnswers.add(from)
    return false
  }
}
