import { type AlertStore, AlertStoreUnavailable } from '#shared/store/alert-store'

/** `away`: all is refused. `unheard`: what is asked is done, and nobody hears of it. */
export type Trouble = 'none' | 'away' | 'unheard'

/** A store behind a gate that lets through what it is told to. */
export class StoreGate {
  trouble: Trouble = 'none'
  readonly #store: AlertStore
  readonly #gated: AlertStore

  constructor(store: AlertStore) {
    this.#store = store
    this.#gated = new Proxy(store, {
      get: (target, name) => {
        // A connection through the gate closes; the store stays.
        if (name === 'close') return async () => {}
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: readonly unknown[]) => this.#pass(() => Reflect.apply(method, target, args))
      },
    })
  }

  /** A new connection to the store. Rejects with AlertStoreUnavailable where it is away. */
  open(): Promise<AlertStore> {
    return this.#pass(async () => this.#gated)
  }

  async #pass<T>(ask: () => Promise<T>): Promise<T> {
    if (this.trouble === 'away') throw new AlertStoreUnavailable('the store is away')
    const answer = await ask()
    if (this.trouble === 'unheard') throw new AlertStoreUnavailable('the answer of the store was lost')
    return answer
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}
