import { StoreUnavailable } from './checkpoint-store.ts'

/** What a server without an append-only file needs. */
export const turnFileOn = 'run: CONFIG SET appendonly yes, and write the same into its configuration'

/**
 * What an error of the client or the server means to the caller.
 * @param where the server, without credentials
 * @returns undefined for an error that nobody foresaw, such as one in a script
 */
export function judgeRedisError(error: unknown, where: string): StoreUnavailable | undefined {
  if (error instanceof StoreUnavailable) return error
  if (!(error instanceof Error)) return undefined
  if (error.name !== 'ReplyError') {
    const detail = `Redis at ${where} cannot be reached: ${error.message}; is it running, and is the URL right?`
    return isOfConnection(error) ? new StoreUnavailable('unreachable', detail, error) : undefined
  }
  const [code] = error.message.split(' ', 1)
  const known = error.message.startsWith('ERR WAITAOF') ? noFile : replies.get(code)
  if (known === undefined) return undefined
  return new StoreUnavailable(known.reason, `Redis at ${where} refuses: ${error.message}; ${known.remedy}`, error)
}

function isOfConnection(error: Error): boolean {
  const { code } = error as Error & { readonly code?: unknown }
  return typeof code === 'string' || clientMessages.some((message) => error.message.startsWith(message))
}

/** How ioredis says that a connection is not there, or not any more, or does not answer. */
const clientMessages: readonly string[] = [
  'Connection is closed',
  'Command timed out',
  'connect ETIMEDOUT',
  "Stream isn't writeable",
  'Reached the max retries per request limit',
]

interface Reply {
  readonly reason: StoreUnavailable['reason']
  readonly remedy: string
}

const again: Reply = { reason: 'unreachable', remedy: 'it is tried again' }
const credentials: Reply = {
  reason: 'unreachable',
  remedy: 'check user and password in the URL, and what the user may do',
}

const noFile: Reply = { reason: 'unreachable', remedy: turnFileOn }

/** By the first word of the server's answer. */
const replies: ReadonlyMap<string, Reply> = new Map<string, Reply>([
  ['OOM', { reason: 'disk-full', remedy: 'raise maxmemory, or give the server more memory' }],
  ['MISCONF', { reason: 'disk-full', remedy: 'see its log: it cannot write to its disk' }],
  ['READONLY', { reason: 'read-only', remedy: 'this is a replica: let the URL name the primary' }],
  ['MOVED', { reason: 'unreachable', remedy: 'this is a cluster: use a single server with replicas' }],
  ['CROSSSLOT', { reason: 'unreachable', remedy: 'this is a cluster: use a single server with replicas' }],
  ['NOAUTH', credentials],
  ['WRONGPASS', credentials],
  ['NOPERM', credentials],
  ['LOADING', again],
  ['BUSY', again],
  ['MASTERDOWN', again],
  ['CLUSTERDOWN', again],
  ['NOREPLICAS', { reason: 'unreachable', remedy: 'too few replicas are connected to it' }],
  // The server was restarted or its scripts were flushed: a new connection loads them again.
  ['NOSCRIPT', again],
])
