import { FoundErrors, NotStarted } from '../failure.ts'

/** As `GET /v1/dead-letters` has it. */
export interface ListedLetter {
  readonly id: string
  readonly source: string
  readonly position: string
  readonly row: number
  readonly reason: string
  readonly field?: string
  readonly message: string
  readonly receivedAt: string
}

interface ShownLetter extends ListedLetter {
  readonly text?: string
  readonly base64: string
}

interface ReplayAnswer {
  readonly status: 'accepted' | 'duplicate' | 'dead'
}

/** Asks a running service about dead letters. Rejects with FoundErrors where it cannot be reached or refuses. */
export class LetterClient {
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>

  /** Throws NotStarted. */
  constructor({ to = 'http://127.0.0.1:8080', token = process.env['VIGIL_TOKEN'] }: { to?: string; token?: string }) {
    const url = URL.canParse(to) ? new URL(to) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '')
      throw new NotStarted('--to is the address of a service, such as http://127.0.0.1:8080, without user or query')
    this.#base = `${url.origin}${url.pathname.replace(/\/$/, '')}/v1/dead-letters`
    this.#headers = token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` }
  }

  /** Newest first. */
  async list({
    source,
    reason,
    limit,
  }: {
    readonly source: string | undefined
    readonly reason: string | undefined
    readonly limit: number
  }): Promise<readonly ListedLetter[]> {
    const letters: ListedLetter[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined && letters.length < limit; ) {
      const query = new URLSearchParams({ limit: String(Math.min(pageMax, limit - letters.length)) })
      for (const [name, value] of Object.entries({ source, reason, cursor })) if (value) query.set(name, value)
      const page: { deadLetters: readonly ListedLetter[]; nextCursor?: string } = JSON.parse(
        await this.#ask('GET', `?${query}`),
      )
      letters.push(...page.deadLetters)
      cursor = page.nextCursor
    }
    return letters
  }

  async letter(id: string): Promise<ShownLetter> {
    return JSON.parse(await this.#ask('GET', `/${id}`))
  }

  /** @returns undefined: it is gone */
  async replay(id: string): Promise<ReplayAnswer | undefined> {
    const answer = await this.#fetch('POST', `/${id}/replay`)
    if (answer.status === 404) return undefined
    return JSON.parse(await textOf(answer))
  }

  async #ask(method: string, path: string): Promise<string> {
    return textOf(await this.#fetch(method, path))
  }

  async #fetch(method: string, path: string): Promise<Response> {
    try {
      return await fetch(`${this.#base}${path}`, {
        method,
        headers: this.#headers,
        signal: AbortSignal.timeout(answerMsMax),
      })
    } catch (error) {
      const { cause, message } = error as Error
      const why = cause instanceof Error ? cause.message : message
      throw new FoundErrors(`no answer from ${this.#base}: ${why}; is the service running, and is --to right?`)
    }
  }
}

async function textOf(answer: Response): Promise<string> {
  const text = await answer.text()
  if (answer.ok) return text
  let detail = text.slice(0, shownMax)
  try {
    detail = JSON.parse(text).detail ?? detail
  } catch {
    // Something between here and the service answered.
  }
  throw new FoundErrors(`the service answered ${answer.status}: ${detail}`)
}

const pageMax = 500
const answerMsMax = 30_000
const shownMax = 300
