import { Redis } from 'ioredis'
import { StoreUnavailable } from './checkpoint-store.ts'
import { judgeRedisError, turnFileOn } from './checkpoint-store-redis-failure.ts'
import { type Script, scripts } from './checkpoint-store-redis-scripts.ts'

/** Where a server is; made once from its URL. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
  readonly isEncrypted: boolean
  /** For people: without credentials. */
  readonly where: string
}

/** @param url `redis://user:password@host:6379/0`, or `rediss://` for TLS. Throws an Error that says what is wrong. */
export function redisAddress(url: string): RedisAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new Error('the URL of Redis must have the form redis://user:password@host:6379/0, or rediss:// for TLS')
  const { protocol, hostname, port, username, password, pathname } = parsed
  if (!/^\/?\d*$/.test(pathname)) throw new Error('the path of the URL of Redis must be the number of a database')
  return {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    database: Number(pathname.slice(1)),
    isEncrypted: protocol === 'rediss:',
    where: `${protocol}//${parsed.host}`,
  }
}

/**
 * One connection to a server that was found fit. It is never mended: after its first failure it is lost, and who needs one opens another.
 *
 * R1 A command is sent at most once.
 * R2 Every command settles: by its answer, the loss of the connection, or time.
 */
export class RedisConnection {
  readonly #client: Redis
  readonly #where: string
  #isLost = false

  private constructor({ host, port, username, password, database, isEncrypted, where }: RedisAddress) {
    this.#where = where
    this.#client = new Redis({
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(isEncrypted ? { tls: { servername: host } } : {}),
      db: database,
      // Answers have one form from every server; and nothing is sent that its user may not be allowed to.
      protocol: 2,
      disableClientInfo: true,
      lazyConnect: true,
      connectTimeout: connectMsMax,
      commandTimeout: commandMsMax,
      // By default the client connects again and repeats what had no answer, which may run it twice.
      retryStrategy: () => null,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      // `open` asks for more than the client would.
      enableReadyCheck: false,
    })
  }

  /** Rejects with StoreUnavailable. */
  static async open(address: RedisAddress): Promise<RedisConnection> {
    const connection = new RedisConnection(address)
    const client = connection.#client
    let lastError: unknown
    client.on('error', (error: unknown) => {
      lastError = error
    })
    client.on('close', () => {
      connection.#isLost = true
    })
    await connection.#guard(async () => {
      // What the client rejects with says only that it is closed.
      await client.connect().catch((error: unknown) => Promise.reject(lastError ?? error))
      requireFit(await client.info(), address.where)
      await requireSynced(client, address.where)
      await Promise.all(Object.values(scripts).map(({ text }) => client.script('LOAD', text)))
    })
    return connection
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** Rejects with StoreUnavailable; whether the script ran is unknown then. */
  run(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown> {
    return this.#guard(() => this.#client.callBuffer('EVALSHA', script.sha1, keys.length, ...keys, ...args))
  }

  /** As `run`; when it resolves, what was written is on the disk of the server and of so many replicas. */
  async runDurably(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
    replicas: number,
  ): Promise<unknown> {
    // Sent together, on one connection: the wait is for all that this connection has written.
    const [result, synced] = await Promise.allSettled([
      this.run(script, keys, args),
      this.#guard(() => this.#client.call('WAITAOF', 1, replicas, syncMsMax)),
    ])
    if (result.status === 'rejected') throw result.reason
    if (synced.status === 'rejected') throw synced.reason
    const [local, remote] = synced.value as [number, number]
    if (local < 1) throw this.#unsynced('its append-only file did not reach the disk; see its log')
    if (remote < replicas)
      throw this.#unsynced(
        `${remote} of ${replicas} replicas have it on disk; have they appendonly yes, and are they connected?`,
      )
    return result.value
  }

  close(): void {
    this.#isLost = true
    this.#client.disconnect()
  }

  #unsynced(why: string): StoreUnavailable {
    return new StoreUnavailable('unreachable', `Redis at ${this.#where}: within ${syncMsMax / 1_000} s ${why}`)
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.close()
      throw judgeRedisError(error, this.#where) ?? error
    }
  }
}

/** @param info the server's answer to INFO. Throws StoreUnavailable with the remedy. */
function requireFit(info: string, where: string): void {
  const fields = new Map(
    info.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
  const refuse = (why: string): never => {
    throw new StoreUnavailable('unreachable', `Redis at ${where} cannot keep checkpoints: ${why}`)
  }
  const version = fields.get('redis_version') ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 7 || (major === 7 && minor < 2))
    refuse(`it is version ${version || 'unknown'}; use Redis 7.2 or newer, or Valkey`)
  if (fields.get('role') !== 'master') refuse('it is a replica; let the URL name the primary')
  if (fields.get('aof_enabled') !== '1') refuse(`it has no append-only file; ${turnFileOn}`)
  const policy = fields.get('maxmemory_policy')
  if (policy !== 'noeviction')
    refuse(
      `maxmemory-policy ${policy} would drop states; run: CONFIG SET maxmemory-policy noeviction, and write the same into its configuration`,
    )
}

/** With `appendfsync no` the server takes a write for durable that only the operating system has. */
async function requireSynced(client: Redis, where: string): Promise<void> {
  const answer = await client.config('GET', 'appendfsync').catch((error: Error) => {
    // Hosted servers do not let their users ask; those sync.
    if (error.name === 'ReplyError') return undefined
    throw error
  })
  if (Array.isArray(answer) && answer[1] === 'no') {
    const remedy = 'run: CONFIG SET appendfsync always (or everysec), and write the same into its configuration'
    throw new StoreUnavailable('unreachable', `Redis at ${where} cannot keep checkpoints: appendfsync is no; ${remedy}`)
  }
}

const connectMsMax = 5_000
/** With `appendfsync everysec` it takes up to a second on a healthy disk. */
const syncMsMax = 5_000
/** More than a wait for the disk behind a large commit. */
const commandMsMax = 15_000
