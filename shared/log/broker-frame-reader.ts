import type { Broker } from './broker.ts'
import { type DecodedFrame, decodeFrame, sequenceOf } from './broker-frame.ts'
import { LogUnavailable } from './event-log.ts'
import type { LogBlockBuilder } from './log-block-builder.ts'

/**
 * Records that are no longer, or not yet, in memory. The frames that were read last are kept decoded (`keptFramesMax`): a reader that takes less than a
 * frame at a time finds the rest of it here.
 */
export class FrameReader {
  readonly #broker: Broker
  /** By partition and sequence; the one that was used last at the end. */
  readonly #kept = new Map<string, DecodedFrame>()

  constructor(broker: Broker) {
    this.#broker = broker
  }

  /**
   * Adds records of the partition from an offset on to a builder that is empty, as many as fit, and one at least where there is one.
   * Rejects with LogUnavailable.
   */
  async read(builder: LogBlockBuilder, partition: number, from: number, bytesMax: number): Promise<void> {
    for (let sequence = sequenceOf(from); ; ) {
      const frames = await this.#frames(partition, sequence, Math.max(1, bytesMax - builder.bytesLength))
      for (const frame of frames) if (!addFrom(builder, frame, from, bytesMax)) return
      const last = frames.at(-1)
      if (last === undefined) return
      sequence = sequenceOf(last.offset) + 1
    }
  }

  /** The frame that holds that record; undefined: the log does not have it any more. */
  async frameOf(partition: number, offset: number): Promise<DecodedFrame | undefined> {
    const sequence = sequenceOf(offset)
    const [frame] = await this.#frames(partition, sequence, 1)
    return frame !== undefined && sequenceOf(frame.offset) === sequence ? frame : undefined
  }

  async #frames(partition: number, from: number, bytesMax: number): Promise<readonly DecodedFrame[]> {
    const key = `${partition} ${from}`
    const kept = this.#kept.get(key)
    if (kept !== undefined) {
      this.#kept.delete(key)
      this.#kept.set(key, kept)
      return [kept]
    }
    const stored = await this.#broker.read(partition, from, bytesMax)
    const frames = stored.map(({ sequence, bytes }) => decodeOrUnavailable(sequence, bytes))
    const last = frames.at(-1)
    if (last !== undefined) this.#keep(`${partition} ${sequenceOf(last.offset)}`, last)
    return frames
  }

  #keep(key: string, frame: DecodedFrame): void {
    this.#kept.set(key, alone(frame))
    if (this.#kept.size <= keptFramesMax) return
    const [oldest] = this.#kept.keys()
    this.#kept.delete(oldest)
  }
}

/** @returns whether there is room for more */
function addFrom(builder: LogBlockBuilder, frame: DecodedFrame, from: number, bytesMax: number): boolean {
  for (let i = Math.max(0, from - frame.offset); i < frame.length; i++) {
    const [start, length] = [frame.starts[i], frame.lengths[i]]
    if (builder.length > 0 && builder.bytesLength + length > bytesMax) return false
    const [kind, receivedAt, traceparent] = [frame.kinds[i], frame.receivedAt[i], frame.traceparents[i]]
    builder.add(
      { offset: frame.offset + i, kind, receivedAt, traceparent },
      frame.bytes.subarray(start, start + length),
    )
  }
  return true
}

/** A frame may be a view of all that one answer of the broker brought, which would be kept with it. */
function alone(frame: DecodedFrame): DecodedFrame {
  const isView = frame.bytes.buffer.byteLength > frame.bytes.length
  return isView ? { ...frame, bytes: new Uint8Array(frame.bytes) } : frame
}

export function decodeOrUnavailable(sequence: number, bytes: Uint8Array): DecodedFrame {
  try {
    return decodeFrame(sequence, bytes)
  } catch (error) {
    throw asUnavailable(error)
  }
}

export function asUnavailable(error: unknown): LogUnavailable {
  if (error instanceof LogUnavailable) return error
  return new LogUnavailable('unreachable', error instanceof Error ? error.message : String(error), error)
}

/** At most so many times the largest frame: 2 MB, or 4 MB where each holds one record of 64 KB. */
const keptFramesMax = 64
