import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Conversation } from './conversations.ts'

/** Holds conversations over connections of their own, as bytes. */
export class RawClient {
  /** How often each status was answered; `cut`: the service closed, or the client's patience ended, without any. */
  readonly statuses = new Map<string, number>()
  readonly #port: number
  readonly #host: string

  /** @param address `http://127.0.0.1:8080` */
  constructor(address: string) {
    const { port, hostname } = new URL(address)
    this.#port = Number(port)
    this.#host = hostname
  }

  /** Resolves when all of them are over, however they ended, and their connections are closed. */
  async holdAll(conversations: readonly Conversation[], atOnce: number): Promise<void> {
    const left = conversations.values()
    const lane = async (): Promise<void> => {
      for (const conversation of left) await this.#hold(conversation)
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
  }

  async #hold({ parts, pauseMs, ending, leaveMs }: Conversation): Promise<void> {
    const socket = connect({ host: this.#host, port: this.#port })
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    // A service that refuses in the middle of a body may reset the connection: it is closed then, as if it had been in order.
    socket.on('error', () => socket.destroy())
    if (ending !== 'unread') this.#count(socket)
    for (const [i, part] of parts.entries()) {
      if (i > 0 && pauseMs > 0) await setTimeout(pauseMs)
      if (socket.destroyed) break
      socket.write(part)
    }
    const isPatient = ending === 'answered' || ending === 'stays'
    if (isPatient) await within(ending === 'stays' ? stayMs : patienceMs, closed)
    else if (leaveMs > 0) await setTimeout(leaveMs)
    if (isPatient) socket.destroy()
    else socket.resetAndDestroy()
    await closed
  }

  #count(socket: Socket): void {
    let answers = 0
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g)) {
        answers++
        this.#add(status)
      }
    })
    socket.on('close', () => {
      if (answers === 0) this.#add('cut')
    })
  }

  #add(status: string): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
  }
}

/** Resolves with it, or when the time is over. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const over = new AbortController()
  await Promise.race([work, setTimeout(ms, undefined, { signal: over.signal }).catch(() => {})])
  over.abort()
}

/** A client that gets no answer leaves; what waits for the rest of a body is not answered before. */
const patienceMs = 2_000
/** Above the time that the service gives a request, and the time between two looks at it. */
const stayMs = 60_000
