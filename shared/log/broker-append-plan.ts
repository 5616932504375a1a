import { recordKinds } from '#shared/protocol/log-record'
import type { Frame } from './broker.ts'
import { encodeFrame, firstOffset, frameBytesOf, frameRecordsMax, type PlacedRecord } from './broker-frame.ts'
import type { EventToJudge, KnownEvent, KnownEvents } from './broker-known-events.ts'
import type { AppendRequest, AppendResult } from './event-log.ts'
import { compareEvents, isEventKind } from './repeat-rule.ts'

/** What becomes of one record: a place in the group, or the offset that it has in the log already. */
type Verdict =
  | { readonly kind: 'placed' | 'repeat-of-placed'; readonly place: number }
  | { readonly kind: 'repeat'; readonly offset: number }
  | { readonly kind: 'conflict' }

/** Some requests on their way into the log together: which of their records are new, the frames that hold those, and then their offsets. */
export class AppendPlan {
  readonly #known: KnownEvents
  readonly #latenessMs: number
  readonly #verdicts: readonly (readonly Verdict[])[]
  /** The new records, by place. */
  readonly #placed: PlacedRecord[] = []
  /** Places of the new events by id. */
  readonly #placesById = new Map<string, number[]>()
  #frames: readonly (readonly PlacedRecord[])[] = []

  constructor(requests: readonly AppendRequest[], known: KnownEvents, latenessMs: number) {
    this.#known = known
    this.#latenessMs = latenessMs
    this.#verdicts = requests.map((request) => this.#judge(request))
  }

  /** @param stamp see `broker-frame.ts` */
  frames(stamp: number, bytesMax: number): readonly Frame[] {
    const byPartition = new Map<number, PlacedRecord[]>()
    for (const record of this.#placed) {
      const partition = record.request.partitions[record.index]
      const records = byPartition.get(partition)
      if (records === undefined) byPartition.set(partition, [record])
      else records.push(record)
    }
    this.#frames = [...byPartition.values()].flatMap((records) => [...cut(records, bytesMax)])
    return this.#frames.map((records) => {
      const { request, index } = records[0]
      return { partition: request.partitions[index], bytes: encodeFrame(records, stamp) }
    })
  }

  /** @param sequences of the frames, in their order */
  results(sequences: readonly number[]): readonly AppendResult[] {
    const offsets = this.#offsets(sequences)
    return this.#verdicts.map((verdicts) => {
      const conflicts = verdicts.flatMap(({ kind }, i) => (kind === 'conflict' ? [i] : []))
      if (conflicts.length > 0) return { kind: 'conflict', indexes: conflicts }
      return {
        kind: 'appended',
        offsets: verdicts.map((verdict) =>
          verdict.kind === 'repeat'
            ? verdict.offset
            : verdict.kind === 'conflict'
              ? Number.NaN
              : offsets[verdict.place],
        ),
        isDuplicate: verdicts.map(({ kind }) => kind !== 'placed'),
      }
    })
  }

  /** The events of a frame with their offsets. */
  *eventsOf(frame: number, sequence: number): Iterable<KnownEvent> {
    for (const [i, { request, index }] of this.#frames[frame].entries())
      if (isEvent(request)) yield { ...eventOf(request, index), offset: firstOffset(sequence) + i }
  }

  #offsets(sequences: readonly number[]): readonly number[] {
    const offsets: number[] = new Array(this.#placed.length)
    for (const [f, records] of this.#frames.entries())
      for (const [i, { place }] of records.entries()) offsets[place] = firstOffset(sequences[f]) + i
    return offsets
  }

  /** Gives places to the new records of a request, or to none where one is a conflict. */
  #judge(request: AppendRequest): readonly Verdict[] {
    const placedBefore = this.#placed.length
    const areEvents = isEvent(request)
    const verdicts = request.partitions.map((_, index): Verdict => {
      const earlier = areEvents ? this.#earlier(eventOf(request, index)) : undefined
      return earlier ?? this.#place(request, index)
    })
    if (verdicts.some(({ kind }) => kind === 'conflict')) this.#takeBack(placedBefore)
    return verdicts
  }

  #place(request: AppendRequest, index: number): Verdict {
    const place = this.#placed.length
    this.#placed.push({ request, index, place })
    if (isEvent(request)) {
      const places = this.#placesById.get(request.ids[index])
      if (places === undefined) this.#placesById.set(request.ids[index], [place])
      else places.push(place)
    }
    return { kind: 'placed', place }
  }

  #takeBack(length: number): void {
    while (this.#placed.length > length) {
      const { request, index } = this.#placed.pop()!
      this.#placesById.get(request.ids[index])?.pop()
    }
  }

  #earlier(event: EventToJudge): Verdict | undefined {
    const known = this.#known.judge(event)
    if (typeof known === 'number') return { kind: 'repeat', offset: known }
    let hasConflict = known === 'conflict'
    for (const place of this.#placesById.get(event.id) ?? []) {
      const { request, index } = this.#placed[place]
      const relation = compareEvents(eventOf(request, index), event, this.#latenessMs)
      if (relation === 'repeat') return { kind: 'repeat-of-placed', place }
      if (relation === 'conflict') hasConflict = true
    }
    return hasConflict ? { kind: 'conflict' } : undefined
  }
}

const isEvent = ({ kind }: AppendRequest): boolean => isEventKind[recordKinds.indexOf(kind)]

const eventOf = ({ ids, at, digests, partitions }: AppendRequest, i: number): EventToJudge => {
  return { id: ids[i], at: at[i], digest: digests[i], partition: partitions[i] }
}

/** So many of the records in each frame as fit; one at least. */
function* cut(records: readonly PlacedRecord[], bytesMax: number): Iterable<readonly PlacedRecord[]> {
  let start = 0
  let bytes = 0
  for (const [i, record] of records.entries()) {
    const more = frameBytesOf(record)
    if (i > start && (bytes + more > bytesMax || i - start >= frameRecordsMax)) {
      yield records.slice(start, i)
      start = i
      bytes = 0
    }
    bytes += more
  }
  if (records.length > start) yield records.slice(start)
}
