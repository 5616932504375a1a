// Every name that a span carries, with what it means: the one list. `docs/telemetry.md` is made of it, and nothing else names a span.

interface Meaning {
  readonly meaning: string
}

interface AttributeMeaning extends Meaning {
  /** '' where it has none. */
  readonly unit: string
}

/** A span's time is from its start to its end in ms since 1970; what is told of its times is told in whole ms. */
export const spanNames = {
  'vigil.ingest': {
    meaning:
      'A message of a bank is taken: from its arrival until the log has its events. Its parent is the span of the bank.',
  },
  'vigil.append': { meaning: 'The log makes the events of one message durable. Child of `vigil.ingest`.' },
  'vigil.batch': {
    meaning:
      'A partition judges what one read of its log brought. On its own it is linked to the sampled messages in it; below an alert or a decision it is the batch that led to it.',
  },
  'vigil.decision': {
    meaning:
      'A decision on an event: from the batch that made it until it is stored. Child of `vigil.ingest` of the event.',
  },
  'vigil.alert': {
    meaning:
      'A revision of an alert: from the batch that found it until it is stored. Child of `vigil.ingest` of the event that completed it, linked to that of every contributing event.',
  },
  'vigil.checkpoint': {
    meaning: 'The commit that made an alert or a decision, and the state it follows from, durable.',
  },
  'vigil.delivery': { meaning: 'Alerts and decisions are stored, from where all their customers have them.' },
} as const satisfies Readonly<Record<string, Meaning>>

export type SpanName = keyof typeof spanNames

/** None of them names an account, a person or an amount. */
export const spanAttributes = {
  'vigil.partition': { unit: '', meaning: 'Number of the partition, from 0.' },
  'vigil.position': { unit: '', meaning: 'Place of a record in the log, `PARTITION:OFFSET`.' },
  'vigil.records': { unit: '{record}', meaning: 'Records of the log in a batch, or events in a message.' },
  'vigil.event.id': { unit: '', meaning: 'Id of an event, as the bank gave it.' },
  'vigil.event.step': { unit: '', meaning: 'Step of the pattern that took the event of a link.' },
  'vigil.alert.id': { unit: '', meaning: 'Id of the alert: `GET /v1/alerts/{id}`.' },
  'vigil.alert.revision': { unit: '', meaning: 'Revision of the alert, from 1.' },
  'vigil.alert.status': { unit: '', meaning: '`raised`, `amended` or `withdrawn`.' },
  'vigil.alert.severity': { unit: '', meaning: 'Severity of the rule.' },
  'vigil.rule': { unit: '', meaning: 'Name of the rule.' },
  'vigil.scenario': { unit: '', meaning: 'Name of the scenario, where the rule has one.' },
  'vigil.decision.outcome': { unit: '', meaning: '`allow`, `challenge`, `review`, `hold` or `decline`.' },
  'vigil.decision.revision': { unit: '', meaning: '1 for the first decision on the event.' },
} as const satisfies Readonly<Record<string, AttributeMeaning>>

export type SpanAttribute = keyof typeof spanAttributes
