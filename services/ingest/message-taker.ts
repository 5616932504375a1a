import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { limits } from '#shared/domain/limits'
import { LogUnavailable } from '#shared/log/event-log'
import { type DeadLetterStore, DeadLettersUnavailable, type NewDeadLetter } from '#shared/store/dead-letter-store'
import type { EventDoor } from './event-door.ts'
import { ingestLimits } from './ingest-limits.ts'
import { rowsOfMessage } from './message-rows.ts'
import { messageTrace } from './message-trace.ts'
import type { ReadEvent, RowMistake, RowReader } from './row-reader.ts'
import type { SourceCounts } from './source-counts.ts'
import type { SourceMessage } from './source-reader.ts'

export interface MessageTakerOptions {
  /** Name of the source. */
  readonly source: string
  readonly rows: RowReader
  readonly door: EventDoor
  readonly deadLetters: DeadLetterStore
  readonly counts: SourceCounts
  /** ms since 1970. */
  readonly now: () => number
  /** Something waits, and why; undefined: it goes on. Told as often as it is tried. */
  readonly onWait: (why: string | undefined) => void
}

/** A row on its way into the log, or into the dead letters. */
interface Row {
  readonly message: SourceMessage
  /** In its message, from 1. */
  readonly number: number
  readonly start: number
  readonly end: number
  readonly trace: string
  readonly receivedAt: number
}

/**
 * Brings the rows of messages into the log, and those that cannot be read into the dead letters.
 *
 * T1 When `take` resolves, the log has every event of the messages durably, and the dead letters every other row.
 * T2 Rows go to the log in their order; after a failure again from the first that failed on.
 * T3 What the world does (a log that is full, a disk that is gone) is waited for; no row is left out for it.
 */
export class MessageTaker {
  readonly #options: MessageTakerOptions

  constructor(options: MessageTakerOptions) {
    this.#options = options
  }

  /** Rejects with the signal's reason: a part may have been taken then, and does no harm when it comes again. */
  async take(messages: readonly SourceMessage[], signal: AbortSignal): Promise<void> {
    const { counts } = this.#options
    let events: { readonly row: Row; readonly event: ReadEvent }[] = []
    let letters: NewDeadLetter[] = []
    let bytes = 0
    const flush = async (): Promise<void> => {
      letters.push(...(await this.#append(events, signal)))
      await this.#bury(letters, signal)
      events = []
      letters = []
      bytes = 0
    }
    for (const { row, problem } of this.#rowsOf(messages)) {
      const read = problem ?? this.#read(row)
      if ('body' in read) {
        events.push({ row, event: read })
        bytes += read.body.length
      } else {
        const letter = this.#letter(row, read)
        letters.push(letter)
        bytes += letter.bytes.length
      }
      const isFull = events.length + letters.length >= ingestLimits.rowsAtOnceMax
      if (isFull || bytes >= ingestLimits.rowBytesAtOnceMax) await flush()
    }
    if (events.length + letters.length > 0) await flush()
    counts.messages += messages.length
  }

  *#rowsOf(messages: readonly SourceMessage[]): Generator<{ row: Row; problem: RowMistake | undefined }> {
    const { door } = this.#options
    for (const message of messages) {
      const { length } = message.bytes
      const trace = messageTrace(message.headers, door.samples)
      const common = { message, trace, receivedAt: this.#options.now() }
      if (length > ingestLimits.messageBytesMax) {
        yield { row: { ...common, number: 1, start: 0, end: length }, problem: messageTooLarge }
        continue
      }
      let number = 0
      for (const { start, end, problem } of rowsOfMessage(message.bytes))
        yield { row: { ...common, number: ++number, start, end }, problem }
    }
  }

  #read({ message, start, end, number, receivedAt }: Row): ReadEvent | RowMistake {
    return this.#options.rows.read(message.bytes, start, end, number, receivedAt)
  }

  /** @returns letters of the rows whose id another event has */
  async #append(
    events: readonly { readonly row: Row; readonly event: ReadEvent }[],
    signal: AbortSignal,
  ): Promise<readonly NewDeadLetter[]> {
    const { door, counts } = this.#options
    const letters: NewDeadLetter[] = []
    let rest = events
    let pauseMs: number = ingestLimits.pauseMsMin
    while (rest.length > 0) {
      await this.#untilOpen(signal)
      // Each row is a request of its own, so that a conflict keeps back none but itself. Asked for in one turn they share a transaction.
      const answers = await Promise.allSettled(
        rest.map(({ row, event }) =>
          door.append({
            kind: 'event',
            receivedAt: row.receivedAt,
            traceparent: row.trace,
            partitions: [event.partition],
            ids: [event.id],
            at: [event.at],
            digests: [event.digest],
            bodies: [event.body],
          }),
        ),
      )
      const failed = answers.findIndex(({ status }) => status === 'rejected')
      const taken = failed === -1 ? answers.length : failed
      for (const [i, answer] of answers.slice(0, taken).entries()) {
        if (answer.status === 'rejected') continue
        if (answer.value.kind === 'conflict') letters.push(this.#letter(rest[i].row, conflict))
        else if (answer.value.isDuplicate[0]) counts.duplicates++
        else counts.accepted++
      }
      const failure = answers[taken]
      // What came behind it may be in the log already, and does no harm there.
      rest = rest.slice(taken)
      if (failure === undefined || failure.status === 'fulfilled') break
      if (!(failure.reason instanceof LogUnavailable)) throw failure.reason
      this.#options.onWait(failure.reason.message)
      await setTimeout(pauseMs, undefined, { signal })
      pauseMs = Math.min(2 * pauseMs, ingestLimits.pauseMsMax)
    }
    this.#options.onWait(undefined)
    return letters
  }

  /** Waits while the log cannot be written, or too much waits to be judged. */
  async #untilOpen(signal: AbortSignal): Promise<void> {
    const { door, onWait } = this.#options
    for (;;) {
      signal.throwIfAborted()
      const refusal = door.refusal()
      if (refusal !== undefined) onWait(refusal)
      else if (door.lag() <= ingestLimits.lagEventsMax) return
      await setTimeout(ingestLimits.pauseMsMin, undefined, { signal })
    }
  }

  async #bury(letters: readonly NewDeadLetter[], signal: AbortSignal): Promise<void> {
    const { deadLetters, counts, onWait } = this.#options
    if (letters.length === 0) return
    for (let pauseMs: number = ingestLimits.pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, ingestLimits.pauseMsMax))
      try {
        counts.droppedLetters += await deadLetters.add(letters)
        break
      } catch (error) {
        if (!(error instanceof DeadLettersUnavailable)) throw error
        onWait(error.message)
        await setTimeout(pauseMs, undefined, { signal })
      }
    onWait(undefined)
    for (const { reason } of letters) counts.deadLetters.set(reason, (counts.deadLetters.get(reason) ?? 0) + 1)
  }

  #letter(
    { message, number, start, end, trace, receivedAt }: Row,
    { reason, field, message: text }: RowMistake,
  ): NewDeadLetter {
    const row = message.bytes.subarray(start, end)
    const isKept = row.length <= limits.rowBytesMax
    return {
      source: this.#options.source,
      position: message.position,
      row: number,
      reason,
      field,
      message: text,
      digest: createHash('sha256').update(row).digest('hex'),
      bytes: isKept ? row : row.subarray(0, ingestLimits.cutRowBytes),
      size: row.length,
      receivedAt,
      traceparent: trace,
    }
  }
}

const conflict: RowMistake = {
  reason: 'duplicate-conflict',
  field: 'id',
  message: 'another event has this id, with other content; the first stays',
}

const messageTooLarge: RowMistake = {
  reason: 'too-large',
  message: `the message is longer than ${ingestLimits.messageBytesMax} bytes`,
}
