import { type AlertFilter, AlertStoreUnavailable } from '#shared/store/alert-store'
import { apiLimits } from './api-limits.ts'
import type { Vigil } from './vigil.ts'

/**
 * The revisions of alerts as server-sent events.
 *
 * S1 Every revision behind `after` that passes the filter is told once, in the order of cursors: what was heard while reading leads to
 *    another read, and a read starts behind the last one.
 * S2 The store is read only when the reader took what was read before, so a slow reader holds one page in memory, however much there is.
 * S3 It ends when the signal aborts, or when the store cannot be read: the client comes back with its last id and loses nothing.
 *
 * @param after cursor behind which it starts
 */
export async function* alertEvents(
  vigil: Pick<Vigil, 'alerts' | 'onRevisions'>,
  filter: AlertFilter,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const news = new News(signal)
  vigil.onRevisions(() => news.tell(), signal)
  // Sends the headers, so that the client knows that it is connected.
  yield comment('connected')
  let cursor = after
  while (!signal.aborted) {
    news.forget()
    const page = await revisionsBehind(vigil, filter, cursor)
    if (page === undefined) {
      yield comment('the alerts cannot be read now')
      return
    }
    if (page.revisions.length > 0)
      yield page.revisions.map(({ cursor, line }) => `event: alert\nid: ${cursor}\ndata: ${line}\n\n`).join('')
    const isMore = page.upTo > cursor
    cursor = Math.max(cursor, page.upTo)
    if (!isMore && !(await news.wait(apiLimits.streamCommentMs))) yield comment('')
  }
}

const comment = (text: string): string => `: ${text}\n\n`

async function revisionsBehind({ alerts }: Pick<Vigil, 'alerts'>, filter: AlertFilter, cursor: number) {
  try {
    return await alerts.revisions(cursor, filter, apiLimits.revisionsPerReadMax)
  } catch (error) {
    if (error instanceof AlertStoreUnavailable) return undefined
    throw error
  }
}

/** Remembers that something was told until it is forgotten, and wakes who waits for it. */
class News {
  #isTold = false
  #wake: (() => void) | undefined

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => this.tell(), { once: true })
  }

  tell(): void {
    this.#isTold = true
    this.#wake?.()
  }

  forget(): void {
    this.#isTold = false
  }

  /** @returns false: nothing was told within the time */
  async wait(ms: number): Promise<boolean> {
    if (!this.#isTold)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    this.#wake = undefined
    return this.#isTold
  }
}
