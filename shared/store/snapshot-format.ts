import { createHash } from 'node:crypto'
import { ByteReader, type ByteWriter } from '#shared/checkpoint/bytes'
import type { ActorEntry, Manifest, MarkedActor, OutboxEntry, SavedActor } from '#shared/protocol/commit'

// A snapshot is a folder of a partition's: chunks, and a manifest that is written last and names them with their checksums.
//
// A chunk of actors: for each entry its generation, population, key, form (0 base, 1 appended), deadline, whether it has a part in the
// book, and its bytes. An actor may come more than once: each time with a base first, which replaces all before.
// A chunk of the outbox: for each entry its number and its bytes.

/** What a manifest says. */
export interface SnapshotManifest {
  readonly partition: number
  /** ms since 1970. */
  readonly takenAt: number
  /** Of the last commit that it holds. */
  readonly manifest: Manifest
  /** Entries of others are left out when it is read. */
  readonly generations: readonly number[]
  readonly actors: readonly SnapshotChunk[]
  readonly outbox: readonly SnapshotChunk[]
}

export interface SnapshotChunk {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

export const partitionPrefix = (partition: number): string => `partition-${partition}/`
export const manifestName = 'manifest.json'

/** Names rise with positions, then with time. */
export const snapshotName = (position: number, takenAt: number, random: string): string =>
  `${String(position).padStart(16, '0')}-${takenAt}-${random}`

/** ms since 1970, of the clock of who took it. */
export const takenAtOf = (name: string): number => Number(name.split('-')[1])

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export function writeActor(writer: ByteWriter, generation: number, actor: MarkedActor & SavedActor): void {
  const { population, key, deadline, hasBook, base, appended } = actor
  for (const [i, bytes] of [base, ...appended].entries()) {
    writer.uint(generation)
    writer.uint(population)
    writer.text(key)
    writer.byte(i === 0 ? 0 : 1)
    writer.number(deadline)
    writer.byte(hasBook ? 1 : 0)
    writer.block(bytes)
  }
}

/** Throws BadStateError. */
export function readActors(chunk: Uint8Array): ActorEntry[] {
  const entries: ActorEntry[] = []
  readAll(chunk, (reader) =>
    entries.push({
      generation: reader.uint(),
      population: reader.uint(),
      key: reader.text(),
      form: reader.byte() === 0 ? 'base' : 'appended',
      deadline: reader.number(),
      hasBook: reader.byte() === 1,
      bytes: reader.block(),
    }),
  )
  return entries
}

export function writeEntry(writer: ByteWriter, { number, bytes }: OutboxEntry): void {
  writer.uint(number)
  writer.block(bytes)
}

/** Throws BadStateError. */
export function readEntries(chunk: Uint8Array): OutboxEntry[] {
  const entries: OutboxEntry[] = []
  readAll(chunk, (reader) => entries.push({ number: reader.uint(), bytes: reader.block() }))
  return entries
}

function readAll(chunk: Uint8Array, readOne: (reader: ByteReader) => void): void {
  const reader = new ByteReader(chunk, 0, chunk.length)
  while (!reader.isAtEnd) readOne(reader)
}

/** JSON, and a checksum of it in a line of its own. */
export function encodeManifest({ manifest, ...rest }: SnapshotManifest): Uint8Array {
  const owner = Buffer.from(manifest.owner).toString('base64')
  const text = JSON.stringify({ format, ...rest, manifest: { ...manifest, owner } })
  return Buffer.from(`${text}\n${sha256(Buffer.from(text))}\n`)
}

/** @returns what is wrong with it, as the end of a sentence about the snapshot */
export function decodeManifest(bytes: Uint8Array, partition: number): SnapshotManifest | string {
  const [text, checksum] = Buffer.from(bytes).toString().split('\n')
  if (checksum !== sha256(Buffer.from(text))) return 'is torn or damaged: its manifest does not have its checksum'
  const { format: written, ...rest } = JSON.parse(text)
  if (written !== format) return `has format ${written}, and this version reads format ${format}`
  if (rest.partition !== partition) return `is of partition ${rest.partition}`
  return { ...rest, manifest: { ...rest.manifest, owner: plainBytes(Buffer.from(rest.manifest.owner, 'base64')) } }
}

/** Not as a buffer of Node, whose slices are no copies and lie in memory that others use. */
export const plainBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

const format = 1
