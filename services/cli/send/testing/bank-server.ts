import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Received {
  readonly lines: readonly string[]
  readonly headers: IncomingHttpHeaders
  readonly url: string | undefined
  /** `performance.now()` when it had come. */
  readonly at: number
  readonly response: ServerResponse
}

/** Answers the way `POST /v1/transactions` does, unless a test says otherwise. */
export class BankServer {
  readonly received: Received[] = []
  connections = 0
  /** Requests without an answer: now, and the most there were. */
  open = 0
  openMax = 0
  /** Lines of requests that were taken, in order. */
  readonly taken: string[] = []
  /** Answers a request itself, by its number from 0. @returns false: take it */
  answer: (request: Received, number: number) => boolean | Promise<boolean> = () => false
  readonly #server: Server
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = []

  constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await buffer(request)
      const lines = body.toString().split('\n').slice(0, -1)
      const received = { lines, headers: request.headers, url: request.url, at: performance.now(), response }
      this.openMax = Math.max(this.openMax, ++this.open)
      response.once('close', () => this.open--)
      const number = this.received.push(received) - 1
      for (const { count, resolve } of this.#waiting) if (this.received.length >= count) resolve()
      if (!(await this.answer(received, number))) this.take(received)
    })
    this.#server.on('connection', () => this.connections++)
  }

  /** @returns its address */
  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  take({ lines, response }: Received): void {
    const accepted = lines.filter((line) => !this.taken.includes(line))
    this.taken.push(...accepted)
    const results = lines.map((line) => ({ id: line, status: 'accepted', position: '0:1' }))
    respond(response, 202, { accepted: accepted.length, duplicates: lines.length - accepted.length, results })
  }

  /** Resolves when so many requests have come. */
  async requests(count: number): Promise<void> {
    if (this.received.length >= count) return
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }))
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export function respond(
  response: ServerResponse,
  status: number,
  document: object,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(document))
  return true
}

/** A problem document that names events. */
export const eventErrors = (
  ...errors: readonly (readonly [index: number, code: string, pointer: string])[]
): object => ({
  type: '/problems/invalid-event',
  errors: errors.map(([index, code, pointer]) => ({ index, pointer, code, detail: `detail of ${code}` })),
})
