import type { Greeting } from './port.ts'

/** How a server is started, with its data where it was prepared. */
export interface Prepared {
  readonly command: string
  readonly args: readonly string[]
  readonly options?: { readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv }
  readonly greeting: Greeting
  readonly url: string
  /** Ends it in order, but without waiting for its clients. */
  readonly endSignal: 'SIGTERM' | 'SIGINT'
}
