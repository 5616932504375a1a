import { STATUS_CODES } from 'node:http'
import { answer } from './api-schemas.ts'
import { problemMediaType } from './problem.ts'

/** Entries of a route's `response` for the refusals that it may answer; every route may fail. */
export const problemAnswers = (...statuses: readonly number[]): Readonly<Record<number, object>> =>
  Object.fromEntries(
    [...statuses, 500].map((status) => [
      status,
      { description: STATUS_CODES[status], content: { [problemMediaType]: { schema: answer('Problem') } } },
    ]),
  )
