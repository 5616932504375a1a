interface Waiter {
  readonly offset: number
  readonly settle: (error?: Error) => void
}

/** Who waits for records of one partition. As many as there are readers. */
export class OffsetWaiters {
  readonly #waiters = new Set<Waiter>()

  /** Resolves with the first `reached` above this offset, or when the signal aborts. Rejects with what `fail` is called with. */
  wait(offset: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.#waiters.delete(waiter)
        signal.removeEventListener('abort', onAbort)
        if (error === undefined) resolve()
        else reject(error)
      }
      const waiter: Waiter = { offset, settle }
      const onAbort = (): void => settle()
      this.#waiters.add(waiter)
      signal.addEventListener('abort', onAbort)
    })
  }

  /** @param next above the offset of every record that can be read now */
  reached(next: number): void {
    for (const { offset, settle } of this.#waiters) if (offset < next) settle()
  }

  fail(error: Error): void {
    for (const { settle } of this.#waiters) settle(error)
  }
}
