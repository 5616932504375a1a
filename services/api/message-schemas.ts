import { Schema } from 'effect'
import { contentType } from '../sinks/outgoing-message.ts'
import { Alert, Decision } from './answers.ts'

// What sinks send: CloudEvents 1.0 in structured JSON. Fields may be added, so that objects are open.

const text = (description: string) => Schema.String.annotate({ description })

const envelope = {
  specversion: Schema.Literal('1.0'),
  id: text('ID:REVISION of the alert, or of the event that was decided on; the same for a repeat.'),
  source: text('`vigil/TENANT`'),
  subject: text('Id of the alert, or of the event that was decided on.'),
  time: text('When it was stored, or decided. RFC 3339, UTC, with milliseconds.'),
  datacontenttype: Schema.Literal('application/json'),
  traceparent: Schema.optionalKey(text('W3C trace context of the message that completed it.')),
}

export const AlertMessage = Schema.Struct({
  ...envelope,
  type: Schema.Literals(['vigil.alert.raised', 'vigil.alert.amended', 'vigil.alert.withdrawn']),
  data: Alert,
}).annotate({ identifier: 'AlertMessage' })

export const DecisionMessage = Schema.Struct({
  ...envelope,
  type: Schema.Literals(['vigil.decision.made', 'vigil.decision.amended']),
  data: Decision,
}).annotate({ identifier: 'DecisionMessage' })

/** Of each message, beside its body. */
export const OutgoingHeaders = Schema.Struct({
  'content-type': Schema.Literal(contentType),
  traceparent: Schema.optionalKey(text('As in the message.')),
  'Nats-Msg-Id': Schema.optionalKey(text('On NATS: the id of the message, by which a stream knows a repeat.')),
}).annotate({ identifier: 'OutgoingHeaders' })

/** Of a message that a source reads; others are ignored. */
export const IncomingHeaders = Schema.Struct({
  traceparent: Schema.optionalKey(text('W3C trace context.')),
  tracestate: Schema.optionalKey(text('W3C trace state.')),
  baggage: Schema.optionalKey(text('W3C baggage.')),
}).annotate({ identifier: 'IncomingHeaders' })
