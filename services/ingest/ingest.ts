import type { EventSchema } from '#shared/domain/event-schema'
import type { DeadLetterStore } from '#shared/store/dead-letter-store'
import type { MapDecoder } from '#shared/wire/map-decoder'
import type { EventDoor } from './event-door.ts'
import { MessageTaker } from './message-taker.ts'
import { Notices } from './notices.ts'
import { RowReader } from './row-reader.ts'
import { noSourceCounts, type SourceCounts } from './source-counts.ts'
import type { SourcePort } from './source-reader.ts'
import { SourceRunner } from './source-runner.ts'

/** A source as its file has it, ready to be read. */
export interface OpenableSource {
  readonly name: string
  readonly port: SourcePort
  /** undefined: Vigil's own JSON. */
  readonly map: MapDecoder | undefined
}

interface IngestOptions {
  readonly schema: EventSchema
  readonly partitions: number
  readonly sources: readonly OpenableSource[]
  readonly door: EventDoor
  readonly deadLetters: DeadLetterStore
  /** A line for whoever runs the service. */
  readonly write: (line: string) => void
  /** A mistake of ours, with which its source is read no further. Whoever runs the service ends it then: the source would stay behind unseen. */
  readonly onMistake: (error: unknown) => void
}

/** Reads all sources, each for itself. */
export class Ingest {
  /** By name of the source. */
  readonly counts: ReadonlyMap<string, SourceCounts>
  readonly #runners: readonly SourceRunner[]
  readonly #onMistake: (error: unknown) => void

  constructor({ schema, partitions, sources, door, deadLetters, write, onMistake }: IngestOptions) {
    this.counts = new Map(sources.map(({ name }) => [name, noSourceCounts()]))
    this.#onMistake = onMistake
    this.#runners = sources.map(({ name: source, port, map }) => {
      const counts = this.counts.get(source) ?? noSourceCounts()
      const notices = new Notices(source, write, () => performance.now())
      const rows = new RowReader({ schema, partitions, map })
      const onWait = (why: string | undefined): void => notices.waits(why)
      const taker = new MessageTaker({ source, rows, door, deadLetters, counts, now: Date.now, onWait })
      const take: MessageTaker['take'] = async (messages, signal) => {
        await taker.take(messages, signal)
        notices.letters(counts)
      }
      return new SourceRunner({ source, port, taker: { take }, counts, notices, random: Math.random })
    })
  }

  start(): void {
    for (const runner of this.#runners) runner.start(this.#onMistake)
  }

  /** What was read and not committed comes again at the next start. */
  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()))
  }
}
