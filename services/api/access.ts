import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Refusal } from './problem.ts'

/** Who may use the service. The one place that decides it. */
export interface Access {
  /** Asked for on every route that does not say that it is open; undefined: the service is open, for a loopback address only. */
  readonly adminToken: string | undefined
}

/** Makes the guard of all routes: undefined lets the request pass. */
export function guard({ adminToken }: Access): (request: FastifyRequest) => Refusal | undefined {
  if (adminToken === undefined) return () => undefined
  if (adminToken === '') throw new Error('an empty token would let everyone in')
  const expected = digest(adminToken)
  return ({ headers: { authorization } }) => {
    if (authorization === undefined) return { name: 'unauthorized', detail: 'There is no header "Authorization".' }
    const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
    if (token === undefined)
      return { name: 'unauthorized', detail: 'The header "Authorization" is not "Bearer" with one key.' }
    // Digests have one length, so neither the length of the token nor the place of a difference shows in the time.
    if (timingSafeEqual(digest(token), expected)) return undefined
    return { name: 'unauthorized', detail: 'The key is not valid.' }
  }
}

/** RFC 6750 §3. */
export const bearerChallenge = 'Bearer realm="vigil"'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
