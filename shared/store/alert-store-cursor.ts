import { sha256Hex } from '#shared/domain/digest'
import { type AlertFilter, type AlertQuery, BadCursor } from './alert-store.ts'

/** Where a page ended. */
export interface PageEnd {
  /** Highest revision cursor when the first page was read: what stood then is what all pages show. */
  readonly asOf: number
  /** Last alert of the page. */
  readonly at: number
  readonly id: string
}

/** Opaque text for `PageEnd`, of the alphabet of URLs; it serves only for the same filters. */
export function formatPageCursor(end: PageEnd, filter: AlertFilter): string {
  return Buffer.from(JSON.stringify([end.asOf, end.at, end.id, filterDigest(filter)])).toString('base64url')
}

/** Throws BadCursor: not one of ours, or one for other filters. */
export function parsePageCursor(cursor: string, query: AlertQuery): PageEnd {
  const [asOf, at, id, digest] = partsOf(cursor)
  if (!isCount(asOf) || !isCount(at) || typeof id !== 'string') throw new BadCursor('is no cursor of this store')
  if (digest !== filterDigest(query)) throw new BadCursor('is a cursor for other filters')
  return { asOf, at, id }
}

function partsOf(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parts) ? parts : []
  } catch {
    return []
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** 64 bits tell one filter from another; the cursor is no secret and no proof. */
function filterDigest(filter: AlertFilter): string {
  const { rule, scenario, severity, status, by, key, event, from, to } = filter
  const values = [rule, scenario, severity, status, by, key, event, from, to]
  return sha256Hex(JSON.stringify(values.map((value) => value ?? null))).slice(0, 16)
}
