import {
  type AlertFilter,
  type AlertPage,
  type AlertQuery,
  type AlertStore,
  AlertStoreUnavailable,
  type Delivery,
  type OutgoingEntry,
  type OutgoingKind,
  type StoredAlert,
  type StoredDecision,
} from '#shared/store/alert-store'

/**
 * An alert store that is opened again when it has gone away for good: a database within this process does not come back by itself.
 * Calls in between are refused as by any store that is away.
 */
export class ReopeningAlertStore implements AlertStore {
  readonly #open: () => Promise<AlertStore>
  #store: AlertStore | undefined
  #opening: Promise<void> | undefined
  #openedAt = 0
  #isClosed = false
  /** Why the last attempt to open it failed. */
  #reason = ''

  constructor(store: AlertStore, open: () => Promise<AlertStore>) {
    this.#store = store
    this.#open = open
  }

  deliver(delivery: Delivery): Promise<void> {
    return this.#with((store) => store.deliver(delivery))
  }

  alerts(query: AlertQuery): Promise<AlertPage> {
    return this.#with((store) => store.alerts(query))
  }

  alert(id: string): Promise<StoredAlert | undefined> {
    return this.#with((store) => store.alert(id))
  }

  revisions(after: number, filter: AlertFilter, limit: number): ReturnType<AlertStore['revisions']> {
    return this.#with((store) => store.revisions(after, filter, limit))
  }

  lastCursor(): Promise<number> {
    return this.#with((store) => store.lastCursor())
  }

  decision(eventId: string): Promise<readonly StoredDecision[]> {
    return this.#with((store) => store.decision(eventId))
  }

  evidence(eventId: string): ReturnType<AlertStore['evidence']> {
    return this.#with((store) => store.evidence(eventId))
  }

  removeDecisionsBefore(time: number): Promise<void> {
    return this.#with((store) => store.removeDecisionsBefore(time))
  }

  outgoing(kind: OutgoingKind, after: number, limit: number): Promise<readonly OutgoingEntry[]> {
    return this.#with((store) => store.outgoing(kind, after, limit))
  }

  lastOutgoing(kind: OutgoingKind): Promise<number> {
    return this.#with((store) => store.lastOutgoing(kind))
  }

  sinkCursor(sink: string): Promise<number> {
    return this.#with((store) => store.sinkCursor(sink))
  }

  moveSinkCursor(sink: string, cursor: number): Promise<void> {
    return this.#with((store) => store.moveSinkCursor(sink, cursor))
  }

  ping(): Promise<void> {
    return this.#with((store) => store.ping())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#opening
    await this.#store?.close()
  }

  async #with<T>(use: (store: AlertStore) => Promise<T>): Promise<T> {
    const store = this.#store
    if (store === undefined || this.#isClosed) {
      this.#reopen()
      throw new AlertStoreUnavailable(`the alert store is being opened again${this.#reason}`)
    }
    try {
      return await use(store)
    } catch (error) {
      if (error instanceof AlertStoreUnavailable && this.#store === store) await this.#check(store)
      throw error
    }
  }

  /** One that does not even answer a ping is given up. */
  async #check(store: AlertStore): Promise<void> {
    const answers = await store.ping().then(
      () => true,
      () => false,
    )
    if (answers || this.#store !== store) return
    this.#store = undefined
    await store.close().catch(() => {})
    this.#reopen()
  }

  #reopen(): void {
    if (this.#isClosed || this.#opening !== undefined || Date.now() - this.#openedAt < reopenMs) return
    this.#openedAt = Date.now()
    this.#opening = this.#open()
      .then((store) => {
        this.#store = store
        this.#reason = ''
      })
      // Whoever asks next tries again, and is told why.
      .catch((error: unknown) => {
        this.#reason = `; the last attempt failed: ${error instanceof Error ? error.message : String(error)}`
      })
      .finally(() => {
        this.#opening = undefined
      })
  }
}

/** Between two attempts. */
const reopenMs = 1_000
