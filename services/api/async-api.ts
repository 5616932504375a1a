import { Schema } from 'effect'
import * as messages from './message-schemas.ts'

type JsonSchema = { readonly [keyword: string]: unknown }

/**
 * The AsyncAPI 3 document of the streams in and out, made of the schemas that validate. The channels have no address: which topics and
 * subjects they are, `VIGIL_SOURCES`, `VIGIL_ALERTS_TO` and `VIGIL_DECISIONS_TO` say.
 * @param eventSchema JSON Schema of one event, without `$ref`
 */
export function asyncApi(eventSchema: object): object {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Vigil',
      version: 'v1',
      description:
        'Events that Vigil reads from streams of the bank, and what it tells of alerts and decisions. At least once; the same `id` is the same message.',
    },
    defaultContentType: 'application/json',
    channels: {
      events: {
        address: null,
        title: 'Events in',
        description:
          'Each topic or stream that VIGIL_SOURCES names. Where a source has a MAP, its messages are what the MAP reads.',
        messages: { events: reference('messages/events') },
      },
      alerts: {
        address: null,
        title: 'Alerts out',
        description:
          'The topic or subject that VIGIL_ALERTS_TO names. Revisions of one alert come in order; on Kafka the key is the account, or whatever else the alert is kept by.',
        messages: { alert: reference('messages/alert') },
      },
      decisions: {
        address: null,
        title: 'Decisions out',
        description: 'The topic or subject that VIGIL_DECISIONS_TO names. On Kafka the key is the account.',
        messages: { decision: reference('messages/decision') },
      },
    },
    operations: {
      takeEvents: operation('receive', 'events', 'events'),
      tellAlerts: operation('send', 'alerts', 'alert'),
      tellDecisions: operation('send', 'decisions', 'decision'),
    },
    components: {
      messages: {
        events: {
          title: 'Events',
          contentType: 'application/json',
          description: 'One event, an array of events, or NDJSON: told by its first byte.',
          headers: reference('schemas/IncomingHeaders'),
          payload: { anyOf: [reference('schemas/Event'), { type: 'array', items: reference('schemas/Event') }] },
        },
        alert: {
          title: 'Revision of an alert',
          contentType: 'application/cloudevents+json',
          headers: reference('schemas/OutgoingHeaders'),
          payload: reference('schemas/AlertMessage'),
        },
        decision: {
          title: 'Revision of a decision',
          contentType: 'application/cloudevents+json',
          headers: reference('schemas/OutgoingHeaders'),
          payload: reference('schemas/DecisionMessage'),
        },
      },
      schemas: { Event: eventSchema, ...messageSchemas() },
    },
  }
}

const reference = (path: string): JsonSchema => ({ $ref: `#/components/${path}` })

const operation = (action: 'send' | 'receive', channel: string, message: string): JsonSchema => ({
  action,
  channel: { $ref: `#/channels/${channel}` },
  messages: [{ $ref: `#/channels/${channel}/messages/${message}` }],
})

function messageSchemas(): JsonSchema {
  const definitions = Object.values(messages).map((schema) => Schema.toJsonSchemaDocument(schema).definitions)
  return withReferences(Object.assign({}, ...definitions)) as JsonSchema
}

/** With references to where AsyncAPI keeps schemas. */
function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) =>
      name === '$ref' && typeof part === 'string'
        ? [name, `#/components/schemas/${part.slice(part.lastIndexOf('/') + 1)}`]
        : [name, withReferences(part)],
    ),
  )
}
