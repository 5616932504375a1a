import * as http from 'node:http'
import * as https from 'node:https'
import type { HttpAnswer } from './answer.ts'

/** Sends bodies to one address over connections that are kept. */
export class ConnectionPool {
  readonly #url: URL
  readonly #client: typeof http | typeof https
  readonly #agent: http.Agent
  readonly #headers: Readonly<Record<string, string>>

  /** @param connections open at once, at most */
  constructor({ url, token, connections }: PoolOptions) {
    this.#url = url
    this.#client = url.protocol === 'https:' ? https : http
    this.#agent = new this.#client.Agent({ keepAlive: true, maxSockets: connections })
    this.#headers = {
      'content-type': 'application/x-ndjson',
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
  }

  /** Rejects with an Error where no whole answer comes. */
  post(body: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const headers = { ...this.#headers, 'content-length': String(body.length) }
      const options = { method: 'POST', agent: this.#agent, headers, timeout: silenceMsMax }
      const request = this.#client.request(this.#url, options, (response) => {
        const chunks: Buffer[] = []
        let length = 0
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          length += chunk.length
          if (length > answerBytesMax) request.destroy(new Error(`the answer has more than ${answerBytesMax} bytes`))
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'],
            body: Buffer.concat(chunks).toString(),
          }),
        )
      })
      request.on('timeout', () => request.destroy(new Error(`no answer within ${silenceMsMax / 1000} s`)))
      request.on('error', reject)
      request.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

export interface PoolOptions {
  readonly url: URL
  readonly token: string | undefined
  readonly connections: number
}

/** Longer than a service takes that is alive: past it the connection is given up, and the same is sent again. */
const silenceMsMax = 60_000

/** 5,000 results with ids of 256 bytes, every character of them escaped. */
const answerBytesMax = 16 * 2 ** 20
