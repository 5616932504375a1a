import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { numberOf, type Payments } from './payments.ts'

export interface Answer {
  readonly status: number
  readonly body: string
}

/**
 * A bank that sends its rows in order over one connection, each until it is acknowledged, and notes what it was answered.
 *
 * C1 A row is sent only when all before it were acknowledged; what is sent again is the same bytes with the same trace.
 */
export class BankClient {
  /** By number of the event: its offset in the log, as it was first acknowledged; 0: not yet. */
  readonly offsets: Float64Array
  /** By number of the event: its partition. */
  readonly partitions: Uint8Array
  /** By row that was sent for a decision: the answer. */
  readonly decisions = new Map<number, string>()
  /** Events that were acknowledged at two places, in words. */
  readonly wrongs: string[] = []
  /** Requests that got no answer of success, and were sent again. */
  retries = 0
  /** Of these, asked for a decision: each may have left an `ask` in the log. */
  decisionsAgain = 0
  /** How often which answer was the reason: status and kind of the problem. */
  readonly refusals = new Map<string, number>()
  readonly #payments: Payments
  readonly #isDecided: (row: number) => boolean
  readonly #address: () => string | undefined
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #acknowledged = 0
  #isClosed = false
  #waiting: { readonly row: number; readonly resolve: () => void }[] = []

  /** @param address where the service listens now; undefined: nowhere */
  constructor(payments: Payments, isDecided: (row: number) => boolean, address: () => string | undefined) {
    this.#payments = payments
    this.#isDecided = isDecided
    this.#address = address
    this.offsets = new Float64Array(payments.events)
    this.partitions = new Uint8Array(payments.events)
  }

  /** Rows, from the first on. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** As it was first acknowledged. */
  position(number: number): string {
    return `${this.partitions[number]}:${this.offsets[number]}`
  }

  /** Resolves once so many rows were acknowledged. */
  reached(rows: number): Promise<void> {
    if (this.#acknowledged >= rows) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ row: rows, resolve }))
  }

  /** Sends rows up to `end`. */
  async send(end: number): Promise<void> {
    while (this.#acknowledged < end) {
      const from = this.#acknowledged
      if (this.#isDecided(from)) {
        this.decisions.set(from, await this.decide(from))
        this.#acknowledge(from + 1)
        continue
      }
      let to = from + 1
      while (to < end && to - from < batchLength && !this.#isDecided(to)) to++
      const body = this.#payments.rows.slice(from, to).join('\n')
      const answer = await this.#untilTaken(202, '/v1/transactions', 'application/x-ndjson', body, from)
      for (const { id, position } of JSON.parse(answer).results) this.#note(id, position)
      this.#acknowledge(to)
    }
  }

  /** Asks for the decision on the event of a row. @returns the answer's body */
  async decide(row: number): Promise<string> {
    const body = this.#payments.rows[row]
    const answer = await this.#untilTaken(200, '/v1/decisions', 'application/json', body, row)
    const { id, position } = JSON.parse(answer)
    this.#note(id, position)
    return answer
  }

  /** Rejects where the answer is none of success. */
  async get(path: string): Promise<string> {
    const { status, body } = await this.#exchange('GET', path, {}, '')
    if (status !== 200) throw new Error(`GET ${path} was answered ${status}: ${body}`)
    return body
  }

  /** Gives up what is not acknowledged. */
  close(): void {
    this.#isClosed = true
    this.#agent.destroy()
  }

  /** The same again until the status is the expected one. Rejects where the service refuses for good, or for too long. */
  async #untilTaken(expected: number, path: string, type: string, body: string, row: number): Promise<string> {
    const headers = { 'content-type': type, traceparent: traceOf(row), prefer: 'wait=2000' }
    const deadline = performance.now() + patienceMs
    for (;;) {
      const isThere = this.#address() !== undefined
      const answer = await this.#exchange('POST', path, headers, body).catch(noAnswer)
      if (answer.status === expected) return answer.body
      if (answer.status >= 400 && answer.status < 500)
        throw new Error(`row ${row} was refused with ${answer.status}: ${answer.body}`)
      if (this.#isClosed || performance.now() > deadline)
        throw new Error(`row ${row} was not taken in ${patienceMs / 1000} s: ${answer.status} ${answer.body}`)
      if (isThere) this.#refused(answer)
      if (path === '/v1/decisions') this.decisionsAgain++
      await setTimeout(againMs)
    }
  }

  #refused({ status, body }: Answer): void {
    this.retries++
    const reason = `${status} ${/"type":"([^"]+)"/.exec(body)?.[1] ?? body}`
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1)
  }

  #note(id: string, position: string): void {
    const number = numberOf(id)
    const before = this.position(number)
    const isNew = this.offsets[number] === 0
    if (!isNew && before !== position) this.wrongs.push(`${id} was acknowledged at ${before} and at ${position}`)
    const [partition, offset] = position.split(':').map(Number)
    this.partitions[number] = partition
    this.offsets[number] = offset
  }

  #acknowledge(rows: number): void {
    this.#acknowledged = rows
    const reached = this.#waiting.filter(({ row }) => row <= rows)
    this.#waiting = this.#waiting.filter(({ row }) => row > rows)
    for (const { resolve } of reached) resolve()
  }

  #exchange(method: string, path: string, headers: Record<string, string>, body: string): Promise<Answer> {
    const address = this.#address()
    if (address === undefined) return Promise.reject(new Error('the service is away'))
    return new Promise((resolve, reject) => {
      const sent = request(
        `${address}${path}`,
        { method, agent: this.#agent, headers, timeout: 30_000 },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
          )
        },
      )
      sent.on('timeout', () => sent.destroy(new Error('no answer')))
      sent.on('error', reject)
      sent.end(body)
    })
  }
}

/** The same in every run, so that alerts can be compared with their traces. */
const traceOf = (row: number): string => {
  const hash = createHash('sha256').update(String(row)).digest('hex')
  return `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`
}

const noAnswer = (error: Error): Answer => ({ status: 0, body: error.message })

const batchLength = 100
const againMs = 20
const patienceMs = 180_000
