import type { ActorName } from '#shared/actor/actor-state'
import { invariant } from '#shared/domain/invariant'
import type { ClaimResult, Commit, CommitResult, MarkedActor, SavedActor, Stage } from '#shared/protocol/commit'
import {
  type AsOf,
  type CheckpointPages,
  type CheckpointStore,
  type MarkedActors,
  type Outbox,
  type SavedActors,
  type SavedPage,
  StoreUnavailable,
} from './checkpoint-store.ts'
import { type RedisAddress, RedisConnection, redisAddress } from './checkpoint-store-redis-connection.ts'
import {
  packBody,
  packEntry,
  packName,
  packPart,
  unpackActor,
  unpackEntry,
  unpackManifest,
  unpackMarked,
} from './checkpoint-store-redis-records.ts'
import { scripts } from './checkpoint-store-redis-scripts.ts'

export interface RedisStoreOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS */
  readonly url: string
  /** Stores of different names in one server do not see each other. */
  readonly tenant: string
  /** A commit is answered when so many replicas have it on their disks, beside the server itself. */
  readonly replicas?: number
}

/**
 * Checkpoints in Redis from 7.2 on, or Valkey. All keys of a partition share a hash tag. Each change is one script; a claim and a commit
 * are answered when they are on the server's disk.
 *
 * D1 A commit of which the outcome is unknown may be sent again: the manifest knows it. Nothing is sent again by itself.
 * D2 What is read comes from one script with the id of the last commit, so that a server that lost what it had, or fell back, is noticed
 *    before a state is taken for a new one.
 * D3 Partitions do not wait for each other's disk writes: each has its connection for these.
 * D4 The caller may use its buffers again as soon as a call returns its promise.
 */
export class RedisCheckpointStore implements CheckpointStore, CheckpointPages {
  readonly #address: RedisAddress
  readonly #tenant: string
  readonly #replicas: number
  /** By partition, and `reads` for those that wait for no disk. */
  readonly #connections = new Map<number | 'reads', Promise<RedisConnection>>()
  readonly #pending = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  /** Nothing is opened before the first request. Throws an Error for a URL that is none. */
  constructor({ url, tenant, replicas = 0 }: RedisStoreOptions) {
    this.#address = redisAddress(url)
    this.#tenant = encodeURIComponent(tenant)
    this.#replicas = replicas
  }

  claim(partition: number, epoch: number): Promise<ClaimResult> {
    return this.#tracked(async () => {
      const { manifest, epochs, parts } = this.#keys(partition)
      const connection = await this.#connection(partition)
      const answer = await connection.runDurably(scripts.claim, [manifest, epochs, parts], [epoch], this.#replicas)
      const [kind, first, body] = answer as [Buffer, Buffer | null, Buffer | null]
      if (`${kind}` === 'fenced') return { kind: 'fenced', epoch: Number(first) }
      const found = first === null || body === null ? undefined : unpackManifest(first, body)
      return { kind: 'claimed', manifest: found }
    })
  }

  stage({ partition, epoch, id, part, actors }: Stage): Promise<'staged' | 'fenced'> {
    const packed = packPart(actors)
    return this.#tracked(async () => {
      const { manifest, epochs, parts } = this.#keys(partition)
      const connection = await this.#connection(partition)
      // Not waited for: the commit, which is, comes behind it in the same file.
      const answer = await connection.run(scripts.stage, [manifest, epochs, parts], [epoch, `${part} ${id}`, packed])
      return String((answer as [Buffer])[0]) === 'fenced' ? 'fenced' : 'staged'
    })
  }

  commit(commit: Commit): Promise<CommitResult> {
    const { partition, id } = commit
    return this.#tracked(async () => {
      const { prefix, manifest, epochs, parts, outbox } = this.#keys(partition)
      const args = [prefix, ...packCommit(commit)]
      const connection = await this.#connection(partition)
      const keys = [manifest, epochs, parts, outbox]
      const answer = await connection.runDurably(scripts.commit, keys, args, this.#replicas)
      const [kind, name] = answer as [Buffer, Buffer?]
      const result = `${kind}`
      invariant(result !== 'no-base', `there is no base that the entry of actor ${name} could follow`)
      invariant(result !== 'no-rise', `the numbers of the outbox do not rise in commit ${id}`)
      return result as CommitResult
    })
  }

  load(partition: number, generation: number, names: readonly ActorName[]): Promise<SavedActors> {
    const packed = names.map(packName)
    return this.#tracked(async () => {
      const keys = [`bases:${generation}`, `counts:${generation}`, `runs:${generation}`]
      const { lastCommit, answer } = await this.#read('load', partition, keys, packed)
      const [bases, runs] = answer as [(Buffer | null)[], (Buffer | null)[]]
      return { actors: bases.map((base, i) => unpackActor(base, runs[i])), lastCommit }
    })
  }

  /** Rejects with StoreUnavailable also where a commit comes meanwhile. */
  marked(partition: number, generation: number): Promise<MarkedActors> {
    return this.#tracked(async () => {
      // One that moved while it was read comes twice.
      const found = new Map<string, MarkedActor>()
      let first: AsOf['lastCommit'] | undefined
      let cursor = '0'
      do {
        const read = await this.#read('marked', partition, [`marks:${generation}`], [cursor, markedAtOnce])
        const [next, pairs] = read.answer as [Buffer, Buffer[]]
        first ??= read.lastCommit
        if (first.id !== read.lastCommit.id)
          throw new StoreUnavailable(
            'unreachable',
            `a commit came while ${this.#address.where} was read; it is read again`,
          )
        for (let i = 0; i < pairs.length; i += 2)
          found.set(pairs[i].toString('latin1'), unpackMarked(pairs[i], pairs[i + 1]))
        cursor = String(next)
      } while (cursor !== '0')
      return { actors: [...found.values()], lastCommit: first }
    })
  }

  outbox(partition: number): Promise<Outbox> {
    return this.#tracked(async () => {
      const { lastCommit, answer } = await this.#read('outbox', partition, ['outbox'], [])
      return { entries: (answer[0] as Buffer[]).map(unpackEntry), lastCommit }
    })
  }

  page(partition: number, generation: number, cursor: string | undefined): Promise<SavedPage> {
    const keys = ['bases', 'counts', 'runs', 'marks'].map((kind) => `${kind}:${generation}`)
    return this.#tracked(async () => {
      const { lastCommit, answer } = await this.#read('page', partition, keys, [cursor ?? '0', pageActors])
      const [next, fields] = answer as [Buffer, Buffer[]]
      const actors: (MarkedActor & SavedActor)[] = []
      for (let i = 0; i < fields.length; i += 4) {
        const [name, base, run, mark] = fields.slice(i, i + 4)
        const saved = unpackActor(base, run)
        if (saved !== undefined) actors.push({ ...unpackMarked(name, mark), ...saved })
      }
      return { actors, next: `${next}` === '0' ? undefined : `${next}`, lastCommit }
    })
  }

  /** What was asked before is done first. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#pending)
    for (const connection of this.#connections.values()) (await settled(connection))?.close()
  }

  #tracked<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined)
      return Promise.reject(new StoreUnavailable('closed', 'the checkpoint store was closed'))
    invariant(this.#pending.size < pendingMax, `more than ${pendingMax} requests wait for the checkpoint store`)
    const done = work().finally(() => this.#pending.delete(done))
    this.#pending.add(done)
    return done
  }

  async #read(
    script: 'load' | 'marked' | 'outbox' | 'page',
    partition: number,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<AsOf & { readonly answer: readonly unknown[] }> {
    const { prefix, manifest } = this.#keys(partition)
    const connection = await this.#connection('reads')
    const all = [manifest, ...keys.map((key) => prefix + key)]
    const [last, ...answer] = (await connection.run(scripts[script], all, args)) as [Buffer, ...unknown[]]
    const coded = `${last}`
    return { answer, lastCommit: { id: coded === codedId(undefined) ? undefined : coded.slice(1) } }
  }

  /** Rejects with StoreUnavailable. One that was lost is replaced. */
  async #connection(use: number | 'reads'): Promise<RedisConnection> {
    const before = this.#connections.get(use)
    const found = before && (await settled(before))
    if (found !== undefined && !found.isLost) return found
    // Another request may have replaced it meanwhile.
    const now = this.#connections.get(use)
    if (now !== undefined && now !== before) return now
    const opening = RedisConnection.open(this.#address)
    this.#connections.set(use, opening)
    return opening
  }

  #keys(partition: number) {
    const prefix = `vigil:{${this.#tenant}:${partition}}:`
    return {
      prefix,
      manifest: `${prefix}manifest`,
      epochs: `${prefix}staged-epochs`,
      parts: `${prefix}staged-parts`,
      outbox: `${prefix}outbox`,
    }
  }
}

/** As the script of a commit wants it behind the start of the keys. */
function packCommit(commit: Commit): (string | number | Buffer)[] {
  const { epoch, id, previous, stagedParts, manifest, outbox, deliveredUpTo, droppedGenerations } = commit
  invariant(manifest.id === id, `the manifest of commit ${id} names ${manifest.id}`)
  const rises = outbox.every(({ number }, i) => i === 0 || number > outbox[i - 1].number)
  invariant(rises, `the numbers of the outbox do not rise in commit ${id}`)
  return [
    epoch,
    id,
    codedId(previous),
    stagedParts,
    packBody(manifest),
    deliveredUpTo,
    droppedGenerations.length,
    ...droppedGenerations,
    packPart(commit.actors),
    ...outbox.map(packEntry),
  ]
}

/** Absent differs from all others. */
const codedId = (id: string | undefined): string => (id === undefined ? '0' : `1${id}`)

async function settled(opening: Promise<RedisConnection>): Promise<RedisConnection | undefined> {
  // Whoever opened it was told why it failed.
  return await opening.catch(() => undefined)
}

/** A caller waits for its answers; so many at once are a mistake, and would fill the memory. */
const pendingMax = 4_096
/** So many take the server about a millisecond. */
const markedAtOnce = 4_000
/** With bases and runs: a millisecond, too. */
const pageActors = 200
