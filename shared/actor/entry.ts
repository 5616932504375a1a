import { compareIds } from '#shared/domain/event-order'
import type { AlertStatus, Decision } from './alert.ts'
import type { ActorRef, Hit } from './hit.ts'

/** All that was found for one event, or one match that time alone completed. */
export interface Entry {
  /** Key of the entry in the book. */
  readonly name: string
  readonly at: number
  /** undefined: time alone completed it. */
  readonly eventId: string | undefined
  hits: Hit[]
  /** What was told of each alert; few, so a list. */
  alerts: ToldAlert[]
  /** Whether a rule of a scenario sees the event: it gets a decision. */
  isDecided: boolean
  decision: { readonly revision: number; readonly decision: Decision } | undefined
  /** Actors that keep the entry. */
  actors: ActorRef[]
  /** Something changed since the entry was last told. */
  isDirty: boolean
  /** In whose part of the book it was saved last. */
  savedBy: ActorRef | undefined
}

/** What an actor keeps. Nobody else puts anything there. */
export const keptBy = (actor: ActorRef): Entry[] => actor.kept as Entry[]

export interface ToldAlert {
  readonly id: string
  revision: number
  status: AlertStatus
  hit: Hit
}

type EntryPlace = Pick<Entry, 'name' | 'at' | 'eventId'>

/** In order of events; what time alone completed comes after the events of its instant. */
export function compareEntries(a: EntryPlace, b: EntryPlace): number {
  if (a.at !== b.at) return a.at - b.at
  if (a.eventId === undefined || b.eventId === undefined)
    return (
      Number(a.eventId === undefined) - Number(b.eventId === undefined) ||
      (a.name < b.name ? -1 : Number(a.name > b.name))
    )
  return compareIds(a.eventId, b.eventId)
}
