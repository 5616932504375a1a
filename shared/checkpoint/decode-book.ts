import type { ActorName, BookState, EntryState, HeldState, HitState } from '#shared/actor/actor-state'
import { alertStatuses } from '#shared/actor/alert'
import { BadStateError } from '#shared/actor/bad-state'
import type { ByteReader } from './bytes.ts'
import { hasDecision, hasEvent, hasMessage, hasSteps, isDecided, isHeld, isMuted } from './encode-book.ts'

/** @param owner whose part it is */
export function decodeBook(reader: ByteReader, owner: ActorName): BookState {
  return {
    entries: reader.list(9, () => decodeEntry(reader, owner)),
    lastAlerts: reader.list(2, () => ({ rule: reader.uint(), at: reader.number() })),
  }
}

function decodeEntry(reader: ByteReader, owner: ActorName): EntryState {
  const flags = reader.uint()
  const at = reader.number()
  const text = reader.text()
  const eventId = flags & hasEvent ? text : undefined
  const names = [owner, ...reader.list(2, () => ({ population: reader.uint(), key: reader.text() }))]
  const keepers = reader.uint()
  if (keepers > names.length) throw new BadStateError('content', 'an entry is kept by more actors than it names')
  return {
    name: eventId === undefined ? text : `${at} ${eventId}`,
    at,
    eventId,
    actors: names.slice(0, keepers),
    hits: reader.list(5, () => decodeHit(reader, names)),
    standing: reader.uint(),
    alerts: reader.list(19, () => ({
      id: decodeAlertId(reader),
      revision: reader.uint(),
      status: oneOf(alertStatuses, reader.byte()),
      hit: reader.uint(),
    })),
    held: reader.list(3, () => decodeHeld(reader)),
    isDecided: (flags & isDecided) !== 0,
    decision: flags & hasDecision ? { revision: reader.uint(), decision: decodeDecision(reader) } : undefined,
  }
}

function decodeHit(reader: ByteReader, names: readonly ActorName[]): HitState {
  const flags = reader.uint()
  return {
    rule: reader.uint(),
    actor: oneOf(names, reader.uint()),
    place: decodePlace(reader),
    steps: flags & hasSteps ? reader.list(1, () => decodeTexts(reader)) : undefined,
    features: reader.list(1, () => decodeValue(reader)),
    message: flags & hasMessage ? reader.text() : undefined,
    isHeld: (flags & isHeld) !== 0,
    isMuted: (flags & isMuted) !== 0,
  }
}

function decodeValue(reader: ByteReader): number | string | undefined {
  const form = reader.byte()
  return form === 0 ? undefined : form === 1 ? reader.number() : reader.text()
}

function decodeHeld(reader: ByteReader): HeldState {
  const hit = reader.uint()
  const number = reader.uint()
  const settled = reader.byte()
  return {
    hit,
    number,
    settlement: settled === 0 ? undefined : { stands: settled === 1, place: decodePlace(reader) },
  }
}

function decodeDecision(reader: ByteReader): NonNullable<EntryState['decision']>['decision'] {
  return {
    outcome: reader.text(),
    score: reader.number(),
    reasons: decodeTexts(reader),
    alerts: reader.list(16, () => decodeAlertId(reader)),
    scenarios: Object.fromEntries(reader.list(2, () => [reader.text(), reader.number()])),
  }
}

export const decodeTexts = (reader: ByteReader): string[] => reader.list(1, () => reader.text())

function decodeAlertId(reader: ByteReader): string {
  let id = ''
  for (let i = 0; i < 4; i++) id += reader.u32().toString(16).padStart(8, '0')
  return id
}

const decodePlace = (reader: ByteReader): number => reader.uint() / 2

function oneOf<T>(values: readonly T[], index: number): T {
  if (index >= values.length) throw new BadStateError('content', `number ${index} of ${values.length}`)
  return values[index]
}
