import { broken } from './broken.ts'
import { readOutboxRecord } from './outbox-record.ts'

/** What people see: alerts with their revisions, decisions. Knows repeats, as the port `alert-store.ts` promises (A1), and checks more. */
export class VirtualAlertStore {
  /** Revisions in order, as they were told, by alert id. */
  readonly alerts = new Map<string, string[]>()
  /** By event id. */
  readonly decisions = new Map<string, string[]>()

  /** One delivery: all of it takes effect. Throws InvariantBroken where a revision contradicts what is there, or comes before its turn. */
  deliver(entries: readonly string[]): void {
    for (const text of entries) {
      const record = readOutboxRecord(text)
      if (record.kind === 'alert') this.#put(this.alerts, record.id, record.revision, text)
      else if (record.kind === 'late') this.#put(this.decisions, record.id, 1, text)
      else this.#put(this.decisions, record.revision.eventId, record.revision.revision, text)
    }
  }

  clear(): void {
    this.alerts.clear()
    this.decisions.clear()
  }

  /** Whether a revision is there already. */
  protected isKnown(revisions: readonly string[], revision: number): boolean {
    return revision <= revisions.length
  }

  #put(all: Map<string, string[]>, id: string, revision: number, text: string): void {
    let revisions = all.get(id)
    if (revisions === undefined) {
      revisions = []
      all.set(id, revisions)
    }
    if (this.isKnown(revisions, revision)) {
      const before = revisions[revision - 1]
      if (before !== text) broken('revisions', `revision ${revision} of ${id} was ${before} and is ${text}`)
      return
    }
    if (revision !== revisions.length + 1)
      broken('revisions', `revision ${revision} of ${id} came when ${revisions.length} were there: ${text}`)
    revisions.push(text)
  }
}
