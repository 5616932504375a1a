import { Schema } from 'effect'
import * as answers from './answers.ts'
import * as deadLetterAnswers from './dead-letter-answers.ts'

type JsonSchema = { readonly [keyword: string]: unknown }

/** JSON Schemas of all answers by name, for `components` of the OpenAPI document. */
const answerSchemas: Readonly<Record<string, JsonSchema>> = Object.assign(
  {},
  ...Object.values({ ...answers, ...deadLetterAnswers }).map(
    (schema) => Schema.toJsonSchemaDocument(schema).definitions,
  ),
)

/** A reference to one of `answerSchemas`. */
export const answer = (name: keyof typeof answers | keyof typeof deadLetterAnswers | 'ReceivedEvent'): JsonSchema => ({
  $ref: `${name}#`,
})

/** The same with references in the form that Fastify resolves. */
export const registeredSchemas = (): readonly JsonSchema[] =>
  Object.entries(answerSchemas).map(([$id, schema]) => ({ $id, ...(referencesById(schema) as JsonSchema) }))

function referencesById(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referencesById)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) =>
      name === '$ref' && typeof part === 'string'
        ? [name, `${part.slice(part.lastIndexOf('/') + 1)}#`]
        : [name, referencesById(part)],
    ),
  )
}
