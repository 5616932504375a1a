import { apiLimits } from './api-limits.ts'
import type { Refusal } from './problem.ts'

/**
 * How long a decision may be waited for, from the header `Prefer` (RFC 7240); other preferences are passed over.
 * Gotcha: `wait` is in milliseconds, not in seconds as in the RFC.
 */
export function waitMs(prefer: unknown): number | Refusal {
  if (typeof prefer !== 'string') return apiLimits.waitMsDefault
  for (const preference of prefer.split(',')) {
    const [name, value] = preference.split(';', 1)[0].split('=', 2)
    if (name.trim().toLowerCase() !== 'wait') continue
    const digits = /^\s*"?(\d{1,9})"?\s*$/.exec(value ?? '')?.[1]
    const ms = Number(digits)
    // The first of a name counts.
    if (digits !== undefined && ms <= apiLimits.waitMsMax) return ms
    return {
      name: 'bad-request',
      detail: `Prefer: "wait" is a number of milliseconds from 0 to ${apiLimits.waitMsMax}.`,
    }
  }
  return apiLimits.waitMsDefault
}
