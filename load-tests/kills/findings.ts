import type { BankClient } from './bank-client.ts'
import { numberOf, type Payments } from './payments.ts'

/** All that a desk and a bank can read of a run, as texts by id. What may differ between runs is blanked; see `comparable`. */
export interface Findings {
  /** Lines of all alerts in the order of the list. */
  readonly standing: readonly Found[]
  readonly withdrawn: readonly Found[]
  /** Alerts in full, with revisions, events and explanation. */
  readonly details: readonly Found[]
  readonly events: readonly Found[]
  readonly decisions: readonly Found[]
}

export interface Found {
  readonly id: string
  readonly text: string
}

/** Whether an event lies at a position of the log, `0:41`, as far as whoever asks knows. */
export type IsPlaceOf = (number: number, position: string) => boolean

/** @param decisions answers by row */
export async function readFindings(
  client: BankClient,
  { rows, numbers, events }: Payments,
  decisions: ReadonlyMap<number, string>,
  detailsMax: number,
  isPlaceOf: IsPlaceOf = (number, position) => client.position(number) === position,
): Promise<Findings> {
  const standing = await readList(client, '')
  const withdrawn = await readList(client, '&status=withdrawn')
  const ids = [...sample(standing, detailsMax), ...sample(withdrawn, detailsMax)].map(({ id }) => id)
  const details: Found[] = []
  for (const id of ids) details.push({ id, text: comparable(await client.get(`/v1/alerts/${id}`), isPlaceOf) })
  const found: Found[] = []
  const sent = new Map(numbers.map((number, row) => [number, rows[row]]))
  const step = Math.max(1, Math.floor(events / detailsMax))
  for (let number = 0; number < events; number += step) {
    const id = `tx-${String(number).padStart(10, '0')}`
    const text = await client.get(`/v1/events/${id}`)
    if (!text.includes(`"event":${sent.get(number)},"position"`)) throw new Error(`${id} was not sent as ${text}`)
    found.push({ id, text: comparable(text, isPlaceOf) })
  }
  return {
    standing,
    withdrawn,
    details,
    events: found,
    decisions: [...decisions].map(([row, body]) => ({ id: String(row), text: comparable(body, isPlaceOf) })),
  }
}

/** Alerts by pages. The text of each is as it came, since numbers may have several forms that mean the same. */
async function readList(client: BankClient, filter: string): Promise<readonly Found[]> {
  const found: Found[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const at: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const body = await client.get(`/v1/alerts?limit=500${filter}${at}`)
    const { alerts, nextCursor } = JSON.parse(body)
    const texts = body.slice('{"alerts":['.length, body.lastIndexOf(']')).split(/(?<=\}),(?=\{"id":")/)
    if (alerts.length > 0) for (const [i, { id }] of alerts.entries()) found.push({ id, text: texts[i] })
    cursor = nextCursor
  }
  return found
}

/** Of all, evenly; ids are hashes, so their order says nothing of what they are about. */
const sample = (found: readonly Found[], count: number): readonly Found[] =>
  [...found].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, count)

/**
 * Blanks what differs between two runs over the same rows: when something was stored or received, and positions, since the log also holds
 * a claim for each start. A position is blanked only where this very event lies there.
 */
function comparable(text: string, isPlaceOf: IsPlaceOf): string {
  const blank = (whole: string, start: string, id: string, position: string): string =>
    isPlaceOf(numberOf(id), position) ? `${start}"position":""` : whole
  return text
    .replace(/"(storedAt|receivedAt)":"[^"]*"/g, '"$1":""')
    .replace(eventPosition, blank)
    .replace(decisionPositions, blank)
    .replace(evidencePositions, blank)
}

/** Of an event, of a decision and its amendments, and of the events of an alert. */
const eventPosition = /^(\{"id":"(tx-\d+)","event":.*?)"position":"(\d+:\d+)"/
const decisionPositions = /("id":"(tx-\d+)","outcome":(?:(?!"position").)*)"position":"(\d+:\d+)"/g
const evidencePositions = /("id":"(tx-\d+)","at":"[^"]+",(?:"step":"[^"]+",)?)"position":"(\d+:\d+)"/g
