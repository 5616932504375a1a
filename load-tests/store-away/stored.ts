import type { EvidenceEvent } from '#shared/store/alert-store'
import { openPgliteAlertStore } from '#shared/store/alert-store-pglite'
import type { Found } from '../kills/findings.ts'
import { numberOf } from '../kills/payments.ts'

/** All that the store of a service holds, as texts. */
export interface Stored {
  /** Lines of all revisions in the order in which they were stored. */
  readonly revisions: readonly Found[]
  /** Alerts with explanation, evidence and revisions, without the times of storing and receiving: all, or `alertsMax` of them. */
  readonly alerts: readonly Found[]
}

/**
 * Reads the store of a service that has ended.
 * @param offsets by number of the event: its offset in the log, as it was acknowledged; what is told of it must be that
 */
export async function readStored(dataDir: string, offsets: Float64Array): Promise<Stored> {
  const store = await openPgliteAlertStore(dataDir)
  const revisions: Found[] = []
  const ids = new Set<string>()
  for (let after = 0; ; ) {
    const { revisions: page, upTo } = await store.revisions(after, {}, 500)
    for (const { line } of page) {
      const { id, revision } = JSON.parse(line)
      ids.add(id)
      revisions.push({ id: `${id} ${revision}`, text: line })
    }
    if (upTo === after) break
    after = upTo
  }
  const evidence = ({ receivedAt, position, ...event }: EvidenceEvent): object => ({
    ...event,
    ...(position === `0:${offsets[numberOf(event.id)]}` ? {} : { position }),
  })
  const alerts: Found[] = []
  // Ids are hashes: their order says nothing of what they are about.
  for (const id of [...ids].sort().slice(0, alertsMax)) {
    const alert = await store.alert(id)
    const { events = [], revisions: all = [], ...rest } = alert ?? {}
    const lines = all.map(({ storedAt, ...revision }) => revision)
    alerts.push({ id, text: JSON.stringify({ ...rest, events: events.map(evidence), revisions: lines }) })
  }
  await store.close()
  return { revisions, alerts }
}

const alertsMax = 50_000
