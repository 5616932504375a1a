import { Schema } from 'effect'

// What the API answers about rows of sources that could not be read. Fields may be added, so that objects are open.

const text = (description: string) => Schema.String.annotate({ description })
const wholeNumber = (description: string) =>
  Schema.Int.pipe(Schema.check(Schema.isGreaterThanOrEqualTo(0))).annotate({ description })

const letterFields = {
  id: Schema.String,
  source: text('Name of the source.'),
  position: text('Of the message in the source: `payments/3:1041`, `CARDS:77`.'),
  row: wholeNumber('In the message, from 1.'),
  reason: text('As of the dead letters of a replay, and `in-the-future`.'),
  field: Schema.optionalKey(text('Path of the field.')),
  message: Schema.String,
  digest: text('SHA-256 of the row.'),
  size: wholeNumber('Bytes of the row.'),
  receivedAt: text('When it reached the service. RFC 3339, UTC, with milliseconds.'),
  traceId: text('W3C trace id of the message.'),
}

export const DeadLetter = Schema.Struct(letterFields).annotate({ identifier: 'DeadLetter' })

export const DeadLetterPage = Schema.Struct({
  deadLetters: Schema.Array(DeadLetter),
  nextCursor: Schema.optionalKey(text('For the next page; the last page has none.')),
}).annotate({ identifier: 'DeadLetterPage' })

export const DeadLetterInFull = Schema.Struct({
  ...letterFields,
  isWhole: Schema.Boolean.annotate({
    description: 'false: the row is too large ever to be taken, and only its start was kept.',
  }),
  text: Schema.optionalKey(text('The row; absent where it is not UTF-8.')),
  base64: text('The bytes of the row.'),
}).annotate({ identifier: 'DeadLetterInFull' })

export const ReplayedLetter = Schema.Struct({
  id: Schema.String,
  status: Schema.Literals(['accepted', 'duplicate', 'dead']),
  event: Schema.optionalKey(text('Id of the event that was taken.')),
  position: Schema.optionalKey(text('Place in the log; its form has no meaning to a client.')),
  reason: Schema.optionalKey(text('Of `dead`: why it still cannot be read.')),
  field: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String),
}).annotate({ identifier: 'ReplayedLetter' })
