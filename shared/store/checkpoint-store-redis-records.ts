import type { ActorName } from '#shared/actor/actor-state'
import type { ActorEntry, Manifest, MarkedActor, OutboxEntry, SavedActor } from '#shared/protocol/commit'

// What lies in Redis as bytes. Numbers are little-endian: the scripts read some of them.
//
// A name: the population in decimals, `:` and the key in UTF-8; or `;` and the key in UTF-16, where it has half a surrogate pair.
// A mark: the deadline as a double, and a byte that is 1 where the actor is in the book. An actor without either has none.
// A run: what one part of a commit appended to a base, each with its length in 4 bytes before it. An actor's runs are numbered from 1, a
// field each (number, blank, name) beside their count, so that one more rewrites none.
// An entry of the outbox: its number as a double, its bytes.
// The body of a manifest: position and digest as doubles, the owner.
// A part of a commit: groups, one per generation. A group: the generation in decimals, the number of its actors in 4 bytes, and for each
// actor a byte (0: it has no base here, 1: it has, 2: it has, after something that needs an earlier one), its name, mark, base and run. All of these have their length in 4 bytes before them.

/** One part. The entries of an actor are joined: its last base, if there is one, and what follows. */
export function packPart(actors: readonly ActorEntry[]): Buffer {
  const groups = new Map<number, Map<string, Joined>>()
  let length = 0
  for (const entry of actors) {
    const { generation } = entry
    let group = groups.get(generation)
    if (group === undefined) {
      group = new Map()
      groups.set(generation, group)
      length += 8 + `${generation}`.length
    }
    const id = `${entry.population}:${entry.key}`
    let joined = group.get(id)
    if (joined === undefined) {
      const name = packName(entry)
      length += 17 + name.length
      joined = { name, mark: noBytes, base: undefined, run: [], needsBase: entry.form === 'appended' }
      group.set(id, joined)
    }
    if (entry.form === 'base') {
      joined.base = entry.bytes
      joined.run = []
    } else joined.run.push(entry.bytes)
    joined.mark = packMark(entry)
  }
  for (const group of groups.values())
    for (const { mark, base, run } of group.values()) length += mark.length + (base?.length ?? 0) + runLength(run)
  return writePart(Buffer.allocUnsafe(length), groups)
}

interface Joined {
  readonly name: Buffer
  mark: Buffer
  base: Uint8Array | undefined
  run: Uint8Array[]
  readonly needsBase: boolean
}

function writePart(to: Buffer, groups: ReadonlyMap<number, ReadonlyMap<string, Joined>>): Buffer {
  let at = 0
  const put = (bytes: Uint8Array): void => {
    at = to.writeUInt32LE(bytes.length, at)
    to.set(bytes, at)
    at += bytes.length
  }
  for (const [generation, group] of groups) {
    put(Buffer.from(`${generation}`))
    at = to.writeUInt32LE(group.size, at)
    for (const { name, mark, base, run, needsBase } of group.values()) {
      at = to.writeUInt8(base === undefined ? 0 : needsBase ? 2 : 1, at)
      put(name)
      put(mark)
      put(base ?? noBytes)
      at = to.writeUInt32LE(runLength(run), at)
      for (const bytes of run) put(bytes)
    }
  }
  return to
}

const runLength = (run: readonly Uint8Array[]): number => run.reduce((sum, bytes) => sum + 4 + bytes.length, 0)

export function unpackActor(base: Buffer | null, run: Buffer | null): SavedActor | undefined {
  if (base === null) return undefined
  const appended: Uint8Array[] = []
  for (let at = 0; run !== null && at < run.length; ) {
    const from = at + 4
    at = from + run.readUInt32LE(at)
    appended.push(run.subarray(from, at))
  }
  return { base, appended }
}

export function packName({ population, key }: ActorName): Buffer {
  return key.isWellFormed()
    ? Buffer.from(`${population}:${key}`)
    : Buffer.concat([Buffer.from(`${population};`), Buffer.from(key, 'utf16le')])
}

function packMark({ deadline, hasBook }: ActorEntry): Buffer {
  if (!hasBook && deadline === Number.POSITIVE_INFINITY) return noBytes
  const mark = Buffer.allocUnsafe(9)
  mark.writeDoubleLE(deadline, 0)
  mark[8] = hasBook ? 1 : 0
  return mark
}

/** @param mark empty: it has none */
export function unpackMarked(name: Buffer, mark: Buffer): MarkedActor {
  const end = name.findIndex((byte) => byte === colon || byte === semicolon)
  const key = name.subarray(end + 1).toString(name[end] === colon ? 'utf8' : 'utf16le')
  const population = Number(name.toString('latin1', 0, end))
  const deadline = mark.length === 0 ? Number.POSITIVE_INFINITY : mark.readDoubleLE(0)
  return { population, key, deadline, hasBook: mark[8] === 1 }
}

export function packEntry({ number, bytes }: OutboxEntry): Buffer {
  const entry = Buffer.allocUnsafe(8 + bytes.length)
  entry.writeDoubleLE(number, 0)
  entry.set(bytes, 8)
  return entry
}

export const unpackEntry = (entry: Buffer): OutboxEntry => ({ number: entry.readDoubleLE(0), bytes: entry.subarray(8) })

export function packBody({ position, tailDigest, owner }: Manifest): Buffer {
  const body = Buffer.allocUnsafe(16 + owner.length)
  body.writeDoubleLE(position, 0)
  body.writeDoubleLE(tailDigest, 8)
  body.set(owner, 16)
  return body
}

export const unpackManifest = (id: Buffer, body: Buffer): Manifest => ({
  id: id.toString(),
  position: body.readDoubleLE(0),
  tailDigest: body.readDoubleLE(8),
  owner: body.subarray(16),
})

const noBytes = Buffer.alloc(0)
const colon = 0x3a
const semicolon = 0x3b
