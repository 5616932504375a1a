import fc from 'fast-check'
import { Random } from '#shared/generator/random'
import { type HostileRequest, hostileRequest } from '../../services/api/testing/hostile-request.ts'
import { garbage, huge } from './oddities.ts'

/** What one client does over one connection. */
export interface Conversation {
  /** What is no HTTP counts as one. */
  readonly requests: number
  /** Sent one after the other. */
  readonly parts: readonly Buffer[]
  /** Between two parts. */
  readonly pauseMs: number
  /**
   * `answered`: it waits a while for the service to close. `left`: it cuts the connection; `unread`: it does so without having read anything.
   * `stays`: it waits until the service's limits of time cut it off.
   */
  readonly ending: 'answered' | 'left' | 'unread' | 'stays'
  /** From the last part until the connection is cut. */
  readonly leaveMs: number
}

/**
 * What many clients do, sound ones, hostile ones, huge and slow ones, the same for the same seed. Accounts and nearly all ids come from a
 * bounded set, so that the service keeps no more of them than it did after the first thousand; one event in each tenth request is new.
 */
export class Conversations {
  readonly #random: Random
  readonly #seed: number
  #slices = 0
  #events = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#seed = seed
  }

  /** The next ones: so many requests, or a few more. */
  take(requests: number): readonly Conversation[] {
    const seed = this.#seed * 1_000 + this.#slices++
    const hostile = fc.sample(hostileRequest, { numRuns: Math.ceil(requests / 2), seed })
    const found: Conversation[] = []
    for (let left = requests; left > 0; left -= found[found.length - 1].requests) found.push(this.#next(hostile))
    return found
  }

  /** Clients that begin a request, say no more and do not leave. */
  takeStaying(count: number): readonly Conversation[] {
    return Array.from({ length: count }, () => {
      const bytes = wire(this.#sound(), true)
      return { ...answered(bytes.subarray(0, this.#random.integer(1, bytes.length - 1))), ending: 'stays' }
    })
  }

  #next(hostile: HostileRequest[]): Conversation {
    const random = this.#random
    const share = random.unit()
    const odd = share < 0.5 ? hostile.pop() : undefined
    if (odd !== undefined) return answered(wire(odd))
    if (share < 0.7) return answered(wire(this.#sound()))
    if (share < 0.78) return this.#keptAlive(10)
    if (share < 0.81) return answered(...huge(random, this.#repeat()))
    if (share < 0.87) return this.#slow(wire(this.#sound()))
    if (share < 0.9) return { ...this.#slow(wire(this.#sound())), ending: 'left' }
    if (share < 0.95) return { ...cut(wire(get('/v1/alerts/stream'))), leaveMs: random.integer(0, 100) }
    if (share < 0.96) return { ...this.#keptAlive(20, '/openapi.json'), ending: 'unread', leaveMs: 100 }
    if (share < 0.98) return cut(garbage(random))
    return answered(garbage(random))
  }

  #keptAlive(requests: number, url?: string): Conversation {
    const some = Array.from({ length: requests }, (_, i) =>
      wire(url === undefined ? this.#sound() : get(url), i + 1 < requests),
    )
    return { ...answered(Buffer.concat(some)), requests }
  }

  /** In pieces; whether its end ever comes is open. */
  #slow(bytes: Buffer): Conversation {
    const random = this.#random
    const pieces = random.integer(2, 12)
    const parts = Array.from({ length: pieces }, (_, i) =>
      bytes.subarray((i * bytes.length) / pieces, ((i + 1) * bytes.length) / pieces),
    )
    const isWhole = random.chance(0.7)
    return isWhole
      ? { ...answered(...parts), pauseMs: random.integer(1, 20) }
      : { ...cut(...parts.slice(0, -1)), pauseMs: random.integer(1, 20) }
  }

  /** As a bank and a desk ask all day. */
  #sound(): HostileRequest {
    const random = this.#random
    const share = random.unit()
    if (share < 0.5) {
      const events = [this.#new(), ...Array.from({ length: random.integer(0, 20) }, () => this.#repeat())]
      return post('/v1/transactions', 'application/x-ndjson', events.join('\n'))
    }
    if (share < 0.65) return post('/v1/decisions', 'application/json', this.#repeat())
    return get(random.pick(readAddresses).replace('ID', `t${random.integer(0, knownIds - 1)}`))
  }

  #new(): string {
    const n = this.#events++
    return payment(`n${n}`, `A${n % accounts}`, Math.floor(n / accounts) * stepMs, n % 50 === 0 ? 150 : 15, longNote)
  }

  #repeat(): string {
    const n = this.#random.integer(0, knownIds - 1)
    return payment(`t${n}`, `B${n % accounts}`, n * 1_000, n % 10 === 0 ? 150 : 15)
  }
}

/** @param afterMs into the stream */
const payment = (id: string, account: string, afterMs: number, amount: number, note = ''): string =>
  `{"id":"${id}","at":${streamStart + afterMs},"account":"${account}","amount":${amount},"note":"${note}"}`

const get = (url: string): HostileRequest => ({ method: 'GET', url, headers: {} })

const post = (url: string, type: string, body: string): HostileRequest => ({
  method: 'POST',
  url,
  headers: { 'content-type': type, prefer: 'wait=300' },
  payload: Buffer.from(body),
})

/** The bytes of a request, well-formed or not. */
export function wire({ method, url, headers, payload }: HostileRequest, keepsAlive = false): Buffer {
  const all = {
    host: 'vigil',
    connection: keepsAlive ? 'keep-alive' : 'close',
    ...(payload === undefined ? {} : { 'content-length': String(payload.length) }),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`), payload ?? Buffer.alloc(0)])
}

const answered = (...parts: readonly Buffer[]): Conversation => ({
  requests: 1,
  parts,
  pauseMs: 0,
  ending: 'answered',
  leaveMs: 0,
})

const cut = (...parts: readonly Buffer[]): Conversation => ({ ...answered(...parts), ending: 'left' })

const readAddresses = [
  ...['/v1/alerts?limit=500', '/v1/alerts?key=A1', '/v1/alerts?rule=large&limit=5', '/v1/alerts/none'],
  ...['/v1/events/ID', '/v1/decisions/ID', '/metrics', '/readyz', '/openapi.json', '/docs/'],
]

const streamStart = Date.UTC(2026, 2, 1)
const knownIds = 200
const accounts = 40
/** So that the memory of the log for its newest records, 8 MB, is full after some 400 new events. */
const longNote = 'n'.repeat(20_000)
/** Between two events of an account, so that a window of an hour soon holds as many as it ever will. */
const stepMs = 60_000
