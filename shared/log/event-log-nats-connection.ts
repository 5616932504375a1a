import { connect, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node'
import { LogUnavailable } from './event-log.ts'
import type { NatsAddress } from './event-log-nats-address.ts'
import { judgeNatsError } from './event-log-nats-failure.ts'

/**
 * The connection to a server, or to one of a cluster. The client connects again by itself, without end.
 *
 * C1 What is asked for settles: by its answer, by time, or when the connection is lost. The client alone would let it wait for its time.
 * C2 Nothing is sent while there is no connection, so nothing waits to be sent late.
 */
export class NatsServer {
  readonly client: NatsConnection
  readonly where: string
  #isConnected = true
  /** Rejects when the connection that there is now is lost. */
  #lost = newLoss()
  readonly #onChange: (isConnected: boolean) => void

  private constructor(client: NatsConnection, where: string, onChange: (isConnected: boolean) => void) {
    this.client = client
    this.where = where
    this.#onChange = onChange
  }

  /** Rejects with LogUnavailable. */
  static async open({ connection, where }: NatsAddress, onChange: (isConnected: boolean) => void): Promise<NatsServer> {
    try {
      const client = await connect({
        ...connection,
        name: 'vigil log',
        timeout: connectMsMax,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 100,
        pingInterval: 2_000,
        maxPingOut: 3,
        // Somebody who mends the server's users does not have to start this again.
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
      })
      const server = new NatsServer(client, where, onChange)
      void server.#watch()
      return server
    } catch (error) {
      throw judgeNatsError(error, where)
    }
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** Settles as the work does, or rejects as soon as the connection is lost; with LogUnavailable for all that the world does. */
  async whileConnected<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isConnected) throw this.away()
    try {
      return await Promise.race([work(), this.#lost.promise])
    } catch (error) {
      throw judgeNatsError(error, this.where)
    }
  }

  /** A request with an answer within `requestMsMax`. */
  request(subject: string, payload: Uint8Array | string, headers?: MsgHdrs): Promise<Msg> {
    return this.whileConnected(() =>
      this.client.request(subject, payload, { timeout: requestMsMax, ...(headers === undefined ? {} : { headers }) }),
    )
  }

  away(): LogUnavailable {
    return new LogUnavailable('unreachable', `NATS at ${this.where} cannot be reached; it is tried again`)
  }

  async close(): Promise<void> {
    await this.client.close()
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.client.status()) {
      if (type === 'disconnect' || type === 'staleConnection' || type === 'close') this.#lose()
      if (type === 'reconnect' && !this.#isConnected) {
        this.#isConnected = true
        this.#lost = newLoss()
        this.#onChange(true)
      }
    }
    this.#lose()
  }

  #lose(): void {
    if (!this.#isConnected) return
    this.#isConnected = false
    this.#lost.reject(this.away())
    this.#onChange(false)
  }
}

function newLoss(): PromiseWithResolvers<never> {
  const loss = Promise.withResolvers<never>()
  // Nobody may be waiting when it comes.
  loss.promise.catch(() => {})
  return loss
}

const connectMsMax = 5_000
/** A cluster that lost its leader has another one within 9 s (measured); the client's caller asks again. */
const requestMsMax = 5_000
