import { Schema } from 'effect'

// What the API answers. Fields may be added, so that objects are open.

const text = (description: string) => Schema.String.annotate({ description })
const wholeNumber = (description: string) =>
  Schema.Int.pipe(Schema.check(Schema.isGreaterThanOrEqualTo(0))).annotate({ description })
const time = (description: string) => text(`${description} RFC 3339, UTC, with milliseconds.`)
const position = text('Place in the log; its form has no meaning to a client.')
const traceId = text('W3C trace id.')
const receivedEvent = Schema.Record(Schema.String, Schema.Unknown).annotate({ description: 'The event as received.' })
const scores = Schema.Record(Schema.String, Schema.Finite).annotate({ description: 'Score by scenario.' })

export const Submission = Schema.Struct({
  accepted: wholeNumber('Events that were new.'),
  duplicates: wholeNumber('Events that the log had already.'),
  results: Schema.Array(
    Schema.Struct({ id: Schema.String, status: Schema.Literals(['accepted', 'duplicate']), position }),
  ).annotate({ description: 'In the order given.' }),
}).annotate({ identifier: 'Submission' })

const decisionFields = {
  id: text('Id of the event.'),
  outcome: Schema.Literals(['allow', 'challenge', 'review', 'hold', 'decline']),
  score: Schema.Finite,
  reasons: Schema.Array(Schema.String),
  alerts: Schema.Array(Schema.String).annotate({ description: 'Ids of the alerts that the event completed.' }),
  scenarios: scores,
  position: Schema.optionalKey(position),
  traceId: Schema.optionalKey(traceId),
  revision: wholeNumber('1 for the first decision.'),
  missing: Schema.optionalKey(Schema.Array(Schema.String)).annotate({
    description: 'Keys that had not answered when the decision had to be made.',
  }),
  late: Schema.optionalKey(Schema.Boolean),
}

export const Decision = Schema.Struct({
  ...decisionFields,
  amendments: Schema.optionalKey(Schema.Array(Schema.Struct(decisionFields))).annotate({
    description: 'What later events changed, oldest first.',
  }),
}).annotate({ identifier: 'Decision' })

export const Event = Schema.Struct({
  id: Schema.String,
  event: receivedEvent,
  position,
  traceId,
  receivedAt: time('When it reached the service.'),
  alerts: Schema.Array(Schema.String).annotate({ description: 'Ids of the alerts that it is part of.' }),
}).annotate({ identifier: 'ReceivedEvent' })

const alertFields = {
  id: Schema.String,
  rule: Schema.String,
  version: text('Version of the rule.'),
  by: text('Name of the key that the rule is kept by.'),
  key: text('Value of the key.'),
  at: time('Event time of the event that completed it.'),
  event: Schema.optionalKey(text('Of a condition: id of the event.')),
  steps: Schema.optionalKey(Schema.Record(Schema.String, Schema.Array(Schema.String))).annotate({
    description: 'Of a pattern: ids of the events by step.',
  }),
  features: Schema.Record(Schema.String, Schema.Unknown),
  score: Schema.Finite,
  severity: Schema.String,
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String),
  revision: wholeNumber('From 1.'),
  status: Schema.Literals(['raised', 'amended', 'withdrawn']),
  scenario: Schema.optionalKey(Schema.String),
  traceId: Schema.optionalKey(traceId),
}

export const Alert = Schema.Struct(alertFields).annotate({ identifier: 'Alert' })

export const AlertPage = Schema.Struct({
  alerts: Schema.Array(Alert),
  nextCursor: Schema.optionalKey(text('For the next page; the last page has none.')),
}).annotate({ identifier: 'AlertPage' })

export const AlertInFull = Schema.Struct({
  ...alertFields,
  explanation: text('The condition with the values it had.'),
  events: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      at: time('Event time.'),
      step: Schema.optionalKey(text('Of a pattern: the step that took the event.')),
      position,
      traceId,
      event: receivedEvent,
    }),
  ).annotate({ description: 'All contributing events in order.' }),
  revisions: Schema.Array(Schema.Struct({ ...alertFields, storedAt: time('When it was stored.') })).annotate({
    description: 'The alert as it was in each revision, oldest first.',
  }),
}).annotate({ identifier: 'AlertInFull' })

const known = (description: string) => Schema.optionalKey(time(`${description} Absent where nobody knows any more.`))
const traceTimes = {
  appendedAt: known('When the log had it durably.'),
  processedFrom: known('Begin of the batch in which it was judged.'),
  processedAt: known('End of that batch.'),
  checkpointedFrom: known('Begin of the commit of the state that follows from it.'),
  checkpointedAt: known('End of that commit.'),
  deliveredFrom: known('When the alert was handed to the store.'),
}

export const AlertTrace = Schema.Struct({
  id: text('Id of the alert.'),
  revision: wholeNumber('The last one.'),
  status: Schema.Literals(['raised', 'amended', 'withdrawn']),
  traceId: Schema.optionalKey(traceId),
  events: Schema.Array(
    Schema.Struct({
      id: text('Id of the event.'),
      step: Schema.optionalKey(text('Of a pattern: the step that took the event.')),
      position,
      traceId,
      at: time('Event time, as the bank gave it.'),
      receivedAt: time('When it reached the service.'),
      ...traceTimes,
      deliveredAt: known('When the first revision that could name it was stored.'),
    }),
  ).annotate({ description: 'All contributing events in order.' }),
  revisions: Schema.Array(
    Schema.Struct({
      revision: wholeNumber('From 1.'),
      status: Schema.Literals(['raised', 'amended', 'withdrawn']),
      position: Schema.optionalKey(text('Of the record that set it off.')),
      ...traceTimes,
      deliveredAt: time('When it was stored.'),
    }),
  ).annotate({ description: 'Oldest first, with the times of the record that set each off.' }),
}).annotate({ identifier: 'AlertTrace' })

export const Health = Schema.Struct({ status: Schema.String }).annotate({ identifier: 'Health' })

export const Problem = Schema.Struct({
  type: text('`/problems/NAME`; the path answers what it means and what to do.'),
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  instance: Schema.optionalKey(text('Path of the request.')),
  traceId,
  line: Schema.optionalKey(wholeNumber('Of `bad-json`: from 1.')),
  column: Schema.optionalKey(wholeNumber('Of `bad-json`: from 1, in characters.')),
  reasons: Schema.optionalKey(Schema.Array(Schema.String)),
  errors: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        index: wholeNumber('Place of the event in the request, from 0.'),
        pointer: text('JSON pointer into the event.'),
        code: Schema.String,
        detail: Schema.String,
      }),
    ),
  ),
}).annotate({ identifier: 'Problem' })
