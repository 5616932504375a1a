/** A row that was not taken, and why: as a line of `--rejected`. */
export interface RejectedRow {
  readonly row: number
  readonly reason: string
  readonly field: string | undefined
  readonly message: string
}

type Rejection = Omit<RejectedRow, 'row'>

/** What an answer means for the rows of a request. */
export type Answer =
  | { readonly kind: 'taken'; readonly accepted: number; readonly duplicates: number }
  /** Nothing was taken, on account of these: places in the request. */
  | { readonly kind: 'rejected'; readonly rows: ReadonlyMap<number, Rejection> }
  /** Whether it was taken is not known, or it was not: the same may be sent again. */
  | { readonly kind: 'again'; readonly reason: string; readonly afterMs: number }
  /** No repetition helps. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface HttpAnswer {
  readonly status: number
  /** Value of `Retry-After`. */
  readonly retryAfter: string | undefined
  readonly body: string
}

/** @param length rows of the request. @param now ms since 1970 */
export function readAnswer({ status, retryAfter, body }: HttpAnswer, length: number, now: number): Answer {
  const document = parsed(body)
  if (status === 200 || status === 202) return taken(document, length)
  const reason = [`answer ${status}`, ...textOf(document, 'title'), ...textOf(document, 'detail')].join(': ')
  if (status >= 500 || repeatable.has(status)) return { kind: 'again', reason, afterMs: waitMs(retryAfter, now) }
  const rows = status === 409 || status === 422 ? rejected(document, length) : new Map<number, Rejection>()
  return rows.size > 0 ? { kind: 'rejected', rows } : { kind: 'refused', reason: reason + (hints[status] ?? '') }
}

/** Too slow a request, and too many. */
const repeatable: ReadonlySet<number> = new Set([408, 429])

const hints: Readonly<Record<number, string>> = {
  401: '; give a key: --token or VIGIL_TOKEN',
  404: '; is --to the address of a Vigil service?',
  413: '; give a smaller --batch',
}

function taken(document: object, length: number): Answer {
  const { accepted, duplicates } = { accepted: -1, duplicates: -1, ...document }
  return Number.isInteger(accepted) && Number.isInteger(duplicates) && accepted + duplicates === length
    ? { kind: 'taken', accepted, duplicates }
    : { kind: 'refused', reason: `the answer is not one of Vigil${hints[404]}` }
}

/** The first mistake of each row that the answer names; a document holds a bounded number of them. */
function rejected(document: object, length: number): ReadonlyMap<number, Rejection> {
  const rows = new Map<number, Rejection>()
  const errors: readonly unknown[] = 'errors' in document && Array.isArray(document.errors) ? document.errors : []
  for (const error of errors) {
    const { index, pointer, code, detail }: Record<string, unknown> = { ...Object(error) }
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= length || rows.has(index))
      continue
    rows.set(index, { reason: String(code), field: fieldOf(pointer), message: String(detail) })
  }
  return rows
}

/** `/merchant/id` → `merchant.id` */
function fieldOf(pointer: unknown): string | undefined {
  if (typeof pointer !== 'string' || pointer === '') return undefined
  const names = pointer.slice(1).split('/')
  return names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')).join('.')
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body))
  } catch {
    // A proxy's page; the status tells enough.
    return {}
  }
}

const textOf = (document: Readonly<Record<string, unknown>>, name: string): string[] => {
  const text = document[name]
  return typeof text === 'string' ? [text.slice(0, reasonCharactersMax)] : []
}

const reasonCharactersMax = 500

/** Seconds, or a date. */
function waitMs(retryAfter: string | undefined, now: number): number {
  if (retryAfter === undefined) return 0
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now
  return Math.max(0, ms || 0)
}
