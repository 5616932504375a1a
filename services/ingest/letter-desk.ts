import type { EventSchema } from '#shared/domain/event-schema'
import { LogUnavailable } from '#shared/log/event-log'
import type { DeadLetter, DeadLetterQuery, DeadLetterStore, ListedLetter } from '#shared/store/dead-letter-store'
import type { MapDecoder } from '#shared/wire/map-decoder'
import type { DeadLetters, Replayed } from '../api/dead-letters.ts'
import type { EventDoor } from './event-door.ts'
import { RowReader } from './row-reader.ts'

interface LetterDeskOptions {
  readonly store: DeadLetterStore
  readonly door: EventDoor
  readonly schema: EventSchema
  readonly partitions: number
  /** By name, how the MAP of a source is read anew; it throws where the MAP is wrong. */
  readonly maps: ReadonlyMap<string, () => MapDecoder | undefined>
  /** ms since 1970. */
  readonly now: () => number
}

/** What operators do with dead letters while the service runs. */
export class LetterDesk implements DeadLetters {
  readonly #options: LetterDeskOptions

  constructor(options: LetterDeskOptions) {
    this.#options = options
  }

  list(query: DeadLetterQuery): Promise<readonly ListedLetter[]> {
    return this.#options.store.list(query)
  }

  letter(id: number): Promise<DeadLetter | undefined> {
    return this.#options.store.letter(id)
  }

  async replay(id: number): Promise<Replayed | undefined> {
    const { store, door, now } = this.#options
    const letter = await store.letter(id)
    if (letter === undefined) return undefined
    const { bytes, size, source, row } = letter
    if (bytes.length < size)
      return { kind: 'refused', detail: 'Only the start of the row was kept, as it is too large ever to be taken.' }
    const rows = this.#rows(source)
    if ('detail' in rows) return rows
    const read = rows.reader.read(Buffer.from(bytes), 0, bytes.length, row, now())
    if (!('body' in read)) {
      await store.amend(id, { field: undefined, ...read })
      return { kind: 'dead', reason: read.reason, field: read.field, message: read.message }
    }
    const refusal = door.refusal()
    if (refusal !== undefined) return { kind: 'unavailable', detail: refusal }
    const { partition, id: event, at, digest, body } = read
    const columns = { partitions: [partition], ids: [event], at: [at], digests: [digest], bodies: [body] }
    const common = { kind: 'event', receivedAt: now(), traceparent: letter.traceparent } as const
    const answer = await door.append({ ...common, ...columns }).catch((error: unknown) => {
      if (error instanceof LogUnavailable) return error
      throw error
    })
    if (answer instanceof LogUnavailable) return { kind: 'unavailable', detail: answer.message }
    if (answer.kind === 'conflict') {
      const conflict = {
        reason: 'duplicate-conflict',
        field: 'id',
        message: 'another event has this id, with other content',
      }
      await store.amend(id, conflict)
      return { kind: 'dead', ...conflict }
    }
    // Behind the append: what is lost between the two is a letter that is taken twice, which has effect once.
    await store.remove(id)
    return { kind: 'taken', isDuplicate: answer.isDuplicate[0], event, position: `${partition}:${answer.offsets[0]}` }
  }

  #rows(source: string): { readonly reader: RowReader } | { readonly kind: 'refused'; readonly detail: string } {
    const { maps, schema, partitions } = this.#options
    const mended = maps.get(source)
    if (mended === undefined) return { kind: 'refused', detail: `The file of sources has no "${source}" now.` }
    try {
      return { reader: new RowReader({ schema, partitions, map: mended() }) }
    } catch (error) {
      return {
        kind: 'refused',
        detail: `The MAP of "${source}" is wrong: ${error instanceof Error ? error.message : String(error)}`,
      }
    }
  }
}
