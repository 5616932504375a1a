import type { LogHealth, LogUnavailable } from './event-log.ts'

/**
 * What Vigil's log needs of a message broker: an order of *frames* for each partition. A frame is one message, and holds records of one
 * partition (`broker-frame.ts`). All else is made of this by `BrokerLog`, the same for every broker.
 *
 * B1 Sequences of a partition rise from 1 on, not always by one. A frame never changes, and none comes before another that was read.
 * B2 `publish` resolves only when the broker holds every frame durably. Frames of a partition get rising sequences in the order given. Where
 *    the broker can, frames that were published together are stored together or not at all.
 * B3 Every promise settles within a bound of time; what fails for reasons outside rejects with LogUnavailable.
 * B4 A broker that has lost the tail of its log, or has another log under the same name, is `lost` for good as soon as that is certain.
 */
export interface Broker {
  /** Another one for a log that was removed and made anew under the same name. */
  readonly incarnation: string
  /** Whether all partitions share one count of sequences, so that having seen one is having seen all below it. */
  readonly countsTogether: boolean
  /** Bytes of a frame that the broker takes for certain. */
  readonly frameBytesMax: number
  /** Goes back to ready by itself. */
  readonly health: LogHealth
  /** Why nothing of this log can be used any more; `health` says so too. */
  readonly lost: LogUnavailable | undefined
  /**
   * One call at a time.
   * @returns the sequence of each frame. Rejects with LogUnavailable: `disk-full` and `read-only` for certain without effect.
   */
  publish(frames: readonly Frame[]): Promise<readonly number[]>
  /**
   * By partition, a sequence above all of its frames that were stored when this was called. Never lower than one that was told before: where the broker
   * says so, this rejects, and it is `lost` if it stays so.
   */
  ends(): Promise<readonly number[]>
  /** Sequence of the lowest frame of the partition; undefined: there is none. */
  first(partition: number): Promise<number | undefined>
  /** The highest frame of the partition; undefined: there is none. */
  last(partition: number): Promise<StoredFrame | undefined>
  /** By partition, a sequence below which every frame was stored before that time (ms since 1970) or nearly then. */
  sequencesAt(ms: number): Promise<readonly number[]>
  /**
   * Frames of a partition from a sequence on, in order and without a gap, of about so many bytes, but one at least where there is one.
   * None only if there was none when this was called.
   */
  read(partition: number, from: number, bytesMax: number): Promise<readonly StoredFrame[]>
  /**
   * Gives every frame from the sequences on (by partition) to `take`, in order in each partition, until it is stopped. `take` is not called again
   * before its promise has resolved. It may stall: who asked compares with `ends`, stops it and asks anew; calls `onEnd` if it gave up itself.
   */
  follow(
    from: readonly number[],
    take: (frame: StoredFrame) => Promise<void> | undefined,
    onEnd: (error: unknown) => void,
  ): Follower
  /** Removes the frames of the partition below a sequence; some may stay. Rejects with LogUnavailable. */
  removeBelow(partition: number, sequence: number): Promise<void>
  /** Nothing is under way. */
  close(): Promise<void>
}

export interface Frame {
  readonly partition: number
  readonly bytes: Uint8Array
}

export interface StoredFrame extends Frame {
  readonly sequence: number
}

export interface Follower {
  /** `take` is not called any more, from this call on. */
  stop(): void
}
