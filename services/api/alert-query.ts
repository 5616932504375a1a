import { Result, Schema, SchemaIssue } from 'effect'
import { parseTimestamp } from '#shared/domain/time'
import { severities } from '#shared/rule-language/rule-set'
import type { AlertFilter, AlertQuery } from '#shared/store/alert-store'
import { apiLimits } from './api-limits.ts'
import type { Refusal } from './problem.ts'
import { badQuery, parameterMistake } from './query-mistakes.ts'

const value = (description: string) => Schema.optionalKey(Schema.NonEmptyString.annotate({ description }))

const time = (description: string) =>
  Schema.optionalKey(
    // What is said of the text stands before the check, which JSON Schema cannot tell.
    Schema.String.annotate({ description, format: 'date-time' }).pipe(
      Schema.check(
        Schema.makeFilter((text: string) => parseTimestamp(text) !== undefined, {
          expected: 'a time with a zone as in RFC 3339, such as 2026-03-01T12:00:00Z',
        }),
      ),
    ),
  )

const filterFields = {
  rule: value('Name of the rule.'),
  scenario: value('Name of the scenario.'),
  severity: Schema.optionalKey(Schema.Literals(severities)),
  status: Schema.optionalKey(Schema.Literals(['raised', 'amended', 'withdrawn'])),
  by: value('Name of the key that the rule is kept by.'),
  key: value('Value of that key.'),
  event: value('Id of an event that the alert holds.'),
  from: time('Event time of the alert: from this on.'),
  to: time('Event time of the alert: before this.'),
}

/** Parameters of the stream of alerts. */
const AlertFilterQuery = Schema.Struct(filterFields)

/** Parameters of the list of alerts. */
const AlertListQuery = Schema.Struct({
  ...filterFields,
  limit: Schema.optionalKey(
    Schema.Int.pipe(Schema.check(Schema.isBetween({ minimum: 1, maximum: apiLimits.alertsPerPageMax }))).annotate({
      description: 'Alerts on the page.',
      default: apiLimits.alertsPerPageDefault,
    }),
  ),
  cursor: value('`nextCursor` of the page before, with the same query.'),
})

export const alertFilterSchema = Schema.toJsonSchemaDocument(AlertFilterQuery).schema
export const alertListSchema = Schema.toJsonSchemaDocument(AlertListQuery).schema

export const readAlertFilter = reader(AlertFilterQuery, asFilter)
export const readAlertQuery = reader(
  AlertListQuery,
  ({ limit = apiLimits.alertsPerPageDefault, cursor, ...filter }): AlertQuery => ({
    ...asFilter(filter),
    limit,
    cursor,
  }),
)

/** Makes a function that reads a query as parsed from the address, or refuses it with all its mistakes. */
function reader<S extends typeof AlertFilterQuery | typeof AlertListQuery, Q>(
  schema: S,
  make: (query: S['Type']) => Q,
): (query: unknown) => Q | Refusal {
  const names = Object.keys(schema.fields)
  const decode = Schema.decodeUnknownResult(schema as Schema.Codec<S['Type'], unknown>)
  return (query) => {
    const given = Object.entries(query as Readonly<Record<string, unknown>>)
    const mistakes = given.flatMap(([name, text]) => {
      const mistake = parameterMistake(name, text, names)
      return mistake === undefined ? [] : [mistake]
    })
    if (mistakes.length === 0) {
      const result = decode(Object.fromEntries(given.map(([name, text]) => [name, fromText(name, text)])), {
        errors: 'all',
      })
      if (Result.isSuccess(result)) return make(result.success)
      for (const { path, message } of issuesOf(result.failure.issue).issues)
        mistakes.push(`"${String(path?.[0])}": ${message.charAt(0).toLowerCase()}${message.slice(1)}`)
    }
    return badQuery(mistakes)
  }
}

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** In an address everything is text. */
const fromText = (name: string, text: unknown): unknown =>
  name === 'limit' && typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : text

function asFilter({ from, to, ...rest }: typeof AlertFilterQuery.Type): AlertFilter {
  return { ...rest, from: parseTimestamp(from), to: parseTimestamp(to) }
}
