import type { Problem } from '#shared/domain/problem'

/** A bad row as a line of `--dead-letters`: `{"row":7,"reason":"bad-value","field":"amount","message":"…"}`. */
export const deadLetterLine = (row: number, { reason, field, message }: Problem): string =>
  JSON.stringify({ row, reason, field, message })
