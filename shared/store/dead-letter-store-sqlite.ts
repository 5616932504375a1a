import { Worker } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import {
  type DeadLetter,
  type DeadLetterQuery,
  type DeadLetterStore,
  DeadLettersUnavailable,
  deadLetterLimits,
  type ListedLetter,
  type NewDeadLetter,
} from './dead-letter-store.ts'
import type { LetterBounds } from './dead-letter-store-sqlite-database.ts'

export type Request =
  | { readonly kind: 'add'; readonly letters: readonly NewDeadLetter[] }
  | { readonly kind: 'list'; readonly query: DeadLetterQuery }
  | { readonly kind: 'letter' | 'remove'; readonly id: number }
  | { readonly kind: 'amend'; readonly id: number; readonly problem: Parameters<DeadLetterStore['amend']>[1] }
  | { readonly kind: 'close' }

export type Response = { readonly answer: unknown } | { readonly failure: string }

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * Dead letters in the file `dead-letters.db` of a folder, held by a thread of its own: writing waits for the disk.
 * One process at a time may use a folder.
 */
export class SqliteDeadLetterStore implements DeadLetterStore {
  readonly #worker: Worker
  readonly #waiting: Waiting[] = []
  #end: DeadLettersUnavailable | undefined
  readonly #exited: Promise<void>

  /** @param bounds smaller ones are for tests */
  constructor(folder: string, bounds: LetterBounds = deadLetterLimits) {
    this.#worker = new Worker(new URL('./dead-letter-store-sqlite-worker.ts', import.meta.url), {
      workerData: { folder, bounds },
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    })
    this.#worker.on('message', (response: Response) => this.#settle(response))
    this.#worker.on('error', (error) => this.#die(error))
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#die(undefined)
        resolve()
      })
    })
  }

  add(letters: readonly NewDeadLetter[]): Promise<number> {
    return this.#ask<number>({ kind: 'add', letters })
  }

  list(query: DeadLetterQuery): Promise<readonly ListedLetter[]> {
    return this.#ask<readonly ListedLetter[]>({ kind: 'list', query })
  }

  letter(id: number): Promise<DeadLetter | undefined> {
    return this.#ask<DeadLetter | undefined>({ kind: 'letter', id })
  }

  remove(id: number): Promise<void> {
    return this.#ask<void>({ kind: 'remove', id })
  }

  amend(id: number, { reason, field, message }: Parameters<DeadLetterStore['amend']>[1]): Promise<void> {
    return this.#ask<void>({ kind: 'amend', id, problem: { reason, field, message } })
  }

  async close(): Promise<void> {
    if (this.#end === undefined) {
      const closed = this.#ask<void>({ kind: 'close' })
      this.#end = new DeadLettersUnavailable('the store of dead letters is closed')
      await closed
    }
    await this.#exited
  }

  #ask<T>(request: Request): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end)
      invariant(
        this.#waiting.length < waitingMax,
        `more than ${waitingMax} requests wait for the store of dead letters`,
      )
      this.#worker.postMessage(request)
      // Answers come in the order of requests, so each is of the kind that was asked.
      this.#waiting.push({ resolve: resolve as Waiting['resolve'], reject })
    })
  }

  #settle(response: Response): void {
    const first = this.#waiting.shift()
    invariant(first !== undefined, 'the store of dead letters answered what nobody asked')
    if ('answer' in response) first.resolve(response.answer)
    else first.reject(new DeadLettersUnavailable(`dead-letters.db cannot be used: ${response.failure}`))
  }

  #die(cause: unknown): void {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    this.#end ??= new DeadLettersUnavailable(`the thread of the dead letters ended${why}; start again`, { cause })
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end)
  }
}

/** A source has one request under way, each request to the API as well. */
const waitingMax = 8_192
