/** Lets a command end in order when it is told to stop. */
export interface StopSignal {
  readonly signal: AbortSignal
  /** Exit code of a run that was stopped; undefined: it was not. */
  code(): number | undefined
}

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Takes the place of the command line's own listeners, which end at once; a second signal still does. One that comes with the first is
 * the same wish: a supervisor that signals a whole group reaches the launcher too, which passes it on.
 */
export function listenForStop(onStop: () => void): StopSignal {
  const controller = new AbortController()
  let stopped: number | undefined
  let stoppedAt = 0
  for (const [name, code] of Object.entries(codes)) {
    process.removeAllListeners(name)
    process.on(name, () => {
      if (stopped !== undefined) {
        if (performance.now() - stoppedAt > togetherMs) process.exit(code)
        return
      }
      stopped = code
      stoppedAt = performance.now()
      onStop()
      controller.abort()
    })
  }
  return { signal: controller.signal, code: () => stopped }
}

const togetherMs = 500
