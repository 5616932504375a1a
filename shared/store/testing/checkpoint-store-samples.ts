// What tests of checkpoint stores commit, with only what the test is about.
import type { ActorEntry, Commit, SavedActor } from '#shared/protocol/commit'

export const textBytes = (value: string): Uint8Array => new TextEncoder().encode(value)

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** Base and all that was appended, with commas between. */
export const texts = (saved: SavedActor | undefined): string | undefined =>
  saved && [saved.base, ...saved.appended].map(text).join(',')

export function entryOf(key: string, value: string, rest: Partial<ActorEntry> = {}): ActorEntry {
  const bytes = textBytes(value)
  return {
    generation: 0,
    population: 0,
    key,
    form: 'base',
    deadline: Number.POSITIVE_INFINITY,
    hasBook: false,
    bytes,
    ...rest,
  }
}

export const appendedOf = (key: string, value: string, rest: Partial<ActorEntry> = {}): ActorEntry =>
  entryOf(key, value, { form: 'appended', ...rest })

export function commitOf(id: string, rest: Partial<Commit> = {}): Commit {
  return {
    partition: 0,
    epoch: 1,
    id,
    previous: undefined,
    manifest: { id, position: 0, tailDigest: 0, owner: new Uint8Array() },
    stagedParts: 0,
    actors: [],
    outbox: [],
    deliveredUpTo: 0,
    droppedGenerations: [],
    ...rest,
  }
}
