import type { ActorName, BookState, EntryState, HitState } from '#shared/actor/actor-state'
import { alertStatuses } from '#shared/actor/alert'
import type { ByteWriter } from './bytes.ts'

export const hasEvent = 1
export const isDecided = 2
export const hasDecision = 4

export const isHeld = 1
export const isMuted = 2
export const hasSteps = 4
export const hasMessage = 8

/** @param owner whose part it is: its name is not written again */
export function encodeBook(writer: ByteWriter, { entries, lastAlerts }: BookState, owner: ActorName): void {
  writer.uint(entries.length)
  for (const entry of entries) encodeEntry(writer, entry, owner)
  writer.uint(lastAlerts.length)
  for (const { rule, at } of lastAlerts) {
    writer.uint(rule)
    writer.number(at)
  }
}

function encodeEntry(writer: ByteWriter, entry: EntryState, owner: ActorName): void {
  const { name, at, eventId, hits, decision } = entry
  writer.uint(
    (eventId === undefined ? 0 : hasEvent) |
      (entry.isDecided ? isDecided : 0) |
      (decision === undefined ? 0 : hasDecision),
  )
  writer.number(at)
  writer.text(eventId ?? name)
  const actors = encodeActors(writer, entry, owner)
  writer.uint(hits.length)
  for (const hit of hits) encodeHit(writer, hit, indexOf(actors, hit.actor))
  writer.uint(entry.standing)
  writer.uint(entry.alerts.length)
  for (const { id, revision, status, hit } of entry.alerts) {
    encodeAlertId(writer, id)
    writer.uint(revision)
    writer.byte(alertStatuses.indexOf(status))
    writer.uint(hit)
  }
  writer.uint(entry.held.length)
  for (const { hit, number, settlement } of entry.held) {
    writer.uint(hit)
    writer.uint(number)
    writer.byte(settlement === undefined ? 0 : settlement.stands ? 1 : 2)
    if (settlement !== undefined) encodePlace(writer, settlement.place)
  }
  if (decision === undefined) return
  writer.uint(decision.revision)
  encodeDecision(writer, decision.decision)
}

/** Names that the entry speaks of: the owner, the others that keep it, those that only have hits in it. */
function encodeActors(writer: ByteWriter, { actors, hits }: EntryState, owner: ActorName): readonly ActorName[] {
  const names = [owner, ...actors.filter((actor) => !isSame(actor, owner))]
  for (const { actor } of hits) if (indexOf(names, actor) < 0) names.push(actor)
  writer.uint(names.length - 1)
  for (const { population, key } of names.slice(1)) {
    writer.uint(population)
    writer.text(key)
  }
  writer.uint(actors.length)
  return names
}

function encodeHit(writer: ByteWriter, hit: HitState, actor: number): void {
  const { rule, steps, features, message } = hit
  writer.uint(
    (hit.isHeld ? isHeld : 0) |
      (hit.isMuted ? isMuted : 0) |
      (steps === undefined ? 0 : hasSteps) |
      (message === undefined ? 0 : hasMessage),
  )
  writer.uint(rule)
  writer.uint(actor)
  encodePlace(writer, hit.place)
  if (steps !== undefined) {
    writer.uint(steps.length)
    for (const ids of steps) encodeTexts(writer, ids)
  }
  writer.uint(features.length)
  for (const value of features) {
    writer.byte(value === undefined ? 0 : typeof value === 'number' ? 1 : 2)
    if (typeof value === 'number') writer.number(value)
    else if (value !== undefined) writer.text(value)
  }
  if (message !== undefined) writer.text(message)
}

function encodeDecision(writer: ByteWriter, decision: NonNullable<EntryState['decision']>['decision']): void {
  const { outcome, score, reasons, alerts, scenarios } = decision
  writer.text(outcome)
  writer.number(score)
  encodeTexts(writer, reasons)
  writer.uint(alerts.length)
  for (const id of alerts) encodeAlertId(writer, id)
  const scores = Object.entries(scenarios)
  writer.uint(scores.length)
  for (const [name, value] of scores) {
    writer.text(name)
    writer.number(value)
  }
}

export function encodeTexts(writer: ByteWriter, texts: readonly string[]): void {
  writer.uint(texts.length)
  for (const text of texts) writer.text(text)
}

/** Sixteen bytes for 32 hex digits. */
function encodeAlertId(writer: ByteWriter, id: string): void {
  for (let i = 0; i < 32; i += 8) writer.u32(Number.parseInt(id.slice(i, i + 8), 16))
}

/** Places are whole, or half between two records. */
const encodePlace = (writer: ByteWriter, place: number): void => writer.uint(place * 2)

const isSame = (a: ActorName, b: ActorName): boolean => a.population === b.population && a.key === b.key

const indexOf = (names: readonly ActorName[], actor: ActorName): number =>
  names.findIndex((name) => isSame(name, actor))
