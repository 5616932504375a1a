import type { DeadLetter, DeadLetterQuery, ListedLetter } from '#shared/store/dead-letter-store'

/** What the HTTP API asks about rows of sources that could not be read. Every method rejects with DeadLettersUnavailable. */
export interface DeadLetters {
  /** Newest first. */
  list(query: DeadLetterQuery): Promise<readonly ListedLetter[]>
  letter(id: number): Promise<DeadLetter | undefined>
  /** Reads a letter again, by the MAP as its file is now, and takes it if that can be done. @returns undefined: there is no such letter */
  replay(id: number): Promise<Replayed | undefined>
}

export type Replayed =
  /** It is in the log, and no letter any more. */
  | { readonly kind: 'taken'; readonly isDuplicate: boolean; readonly event: string; readonly position: string }
  /** It is still a letter, with this mistake. */
  | { readonly kind: 'dead'; readonly reason: string; readonly field: string | undefined; readonly message: string }
  /** It cannot be tried. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** Not now. */
  | { readonly kind: 'unavailable'; readonly detail: string }
