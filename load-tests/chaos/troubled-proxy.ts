// A way to a server on this machine on which much goes wrong, as it is told.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

type Direction = 'toServer' | 'toClient'

/**
 * P1 What passes is a start of what was sent, in order: bytes are held, or lost with all that comes after them, but never changed.
 * P2 After `heal` everything passes at once on all connections but those that are cut, half closed, or still to be cut.
 */
export class TroubledProxy {
  readonly port: number
  /** Where the server listens; none yet: connections are cut. */
  targetPort: number | undefined
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  #isRefusing = false
  #delayMs = 0
  readonly #held = new Set<Direction>()

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => this.#accept(client))
  }

  static async open(): Promise<TroubledProxy> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TroubledProxy(server)
  }

  cut(): void {
    for (const connection of this.#connections) connection.cut()
  }

  /** Cuts every connection when so many more bytes have passed on it; Infinity: not any more. */
  cutAfter(bytes: number, direction: Direction): void {
    for (const connection of this.#connections) connection.cutAfter(bytes, direction)
  }

  /** @param ms 0: no more */
  delay(ms: number): void {
    this.#delayMs = ms
    for (const connection of this.#connections) connection.delay(ms)
  }

  hold(direction: Direction, isHeld: boolean): void {
    if (isHeld) this.#held.add(direction)
    else this.#held.delete(direction)
    for (const connection of this.#connections) connection.hold(direction, isHeld)
  }

  halfClose(direction: Direction): void {
    for (const connection of this.#connections) connection.halfClose(direction)
  }

  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing
    if (isRefusing) this.cut()
  }

  heal(): void {
    this.refuse(false)
    this.delay(0)
    this.hold('toServer', false)
    this.hold('toClient', false)
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(client: Socket): void {
    const { targetPort } = this
    if (this.#isRefusing || targetPort === undefined) {
      client.destroy()
      return
    }
    const connection = new Connection(client, connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true }))
    this.#connections.add(connection)
    connection.onClose(() => this.#connections.delete(connection))
    connection.delay(this.#delayMs)
    for (const direction of this.#held) connection.hold(direction, true)
  }
}

class Connection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #pipes: Readonly<Record<Direction, Pipe>>

  constructor(client: Socket, server: Socket) {
    this.#client = client
    this.#server = server
    this.#pipes = { toServer: new Pipe(client, server), toClient: new Pipe(server, client) }
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      // The other end is told by the close.
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  }

  onClose(listener: () => void): void {
    this.#client.once('close', listener)
  }

  cut(): void {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  /** In order, so that what has passed arrives. */
  cutAfter(bytes: number, direction: Direction): void {
    this.#pipes[direction].onPassed(bytes, () => {
      this.#client.destroy()
      this.#server.destroy()
    })
  }

  delay(ms: number): void {
    for (const pipe of Object.values(this.#pipes)) pipe.delayMs = ms
  }

  hold(direction: Direction, isHeld: boolean): void {
    this.#pipes[direction].hold(isHeld)
  }

  halfClose(direction: Direction): void {
    this.#pipes[direction].end()
  }
}

/** One direction of a connection. */
class Pipe {
  delayMs = 0
  readonly #from: Socket
  readonly #to: Socket
  /** In order; `undefined` is the end. */
  readonly #waiting: { readonly bytes: Buffer | undefined; readonly due: number }[] = []
  #waitingBytes = 0
  #lastDue = 0
  #isHeld = false
  #hasEnded = false
  #timer: NodeJS.Timeout | undefined
  #cutAfter = Number.POSITIVE_INFINITY
  #cut: () => void = () => {}

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
    from.on('data', (bytes: Buffer) => this.#add(bytes))
    from.on('end', () => this.#add(undefined))
    from.on('close', () => clearTimeout(this.#timer))
    to.on('drain', () => this.#pass())
  }

  onPassed(bytes: number, cut: () => void): void {
    this.#cutAfter = bytes
    this.#cut = cut
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#pass()
  }

  end(): void {
    this.#hasEnded = true
    this.#to.end()
  }

  #add(bytes: Buffer | undefined): void {
    if (this.#hasEnded) return
    this.#lastDue = Math.max(this.#lastDue, performance.now() + this.delayMs)
    this.#waiting.push({ bytes, due: this.#lastDue })
    this.#waitingBytes += bytes?.length ?? 0
    if (this.#waitingBytes > waitingBytesMax) this.#from.pause()
    this.#pass()
  }

  #pass(): void {
    clearTimeout(this.#timer)
    while (!this.#isHeld && !this.#hasEnded && !this.#to.writableNeedDrain) {
      const next = this.#waiting[0]
      if (next === undefined) break
      const early = next.due - performance.now()
      if (early > 0) {
        this.#timer = setTimeout(() => this.#pass(), early)
        return
      }
      this.#waiting.shift()
      if (next.bytes === undefined) {
        this.end()
        return
      }
      this.#waitingBytes -= next.bytes.length
      this.#write(next.bytes)
    }
    if (this.#waitingBytes <= waitingBytesMax) this.#from.resume()
  }

  #write(bytes: Buffer): void {
    const allowed = Math.min(bytes.length, this.#cutAfter)
    this.#cutAfter -= allowed
    if (allowed > 0) this.#to.write(bytes.subarray(0, allowed))
    if (this.#cutAfter > 0) return
    // What was written is not lost with the connection.
    this.#hasEnded = true
    this.#to.once('finish', this.#cut).end()
  }
}

/** Past it the sender is held up, as by a network that takes no more. */
const waitingBytesMax = 2 ** 20
