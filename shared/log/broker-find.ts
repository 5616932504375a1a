import type { DecodedFrame } from './broker-frame.ts'
import type { FrameReader } from './broker-frame-reader.ts'
import type { BrokerIdIndex } from './broker-id-index.ts'
import type { FoundEvent } from './event-log.ts'
import type { Position } from './recent-ids.ts'

/** See `EventLog.find`. What the index names is read from the log, which also tells whether it has that id. */
export async function findEvents(
  index: BrokerIdIndex,
  reader: FrameReader,
  ids: readonly string[],
): Promise<readonly FoundEvent[]> {
  const wanted = new Set(ids)
  const positions = new Map<string, Position>()
  for (const position of await index.find([...wanted])) positions.set(keyOf(position), position)
  const found: Placed[] = []
  const left = [...positions.values()]
  const readOn = async (): Promise<void> => {
    for (let position = left.pop(); position !== undefined; position = left.pop()) {
      const frame = await reader.frameOf(position.partition, position.offset)
      if (frame === undefined) continue
      const i = position.offset - frame.offset
      if (i < frame.length && wanted.has(frame.ids[i])) found.push(eventOf(frame, i, position))
    }
  }
  await Promise.all(Array.from({ length: readsAtOnce }, readOn))
  return found.sort((a, b) => a.stamp - b.stamp || a.place - b.place).map(({ event }) => event)
}

interface Placed {
  readonly stamp: number
  readonly place: number
  readonly event: FoundEvent
}

function eventOf(frame: DecodedFrame, i: number, { partition, offset }: Position): Placed {
  const { ids, at, receivedAt, traceparents, bytes, starts, lengths, stamp, places } = frame
  const body = bytes.slice(starts[i], starts[i] + lengths[i])
  const event = {
    id: ids[i],
    partition,
    offset,
    at: at[i],
    receivedAt: receivedAt[i],
    traceparent: traceparents[i],
    body,
  }
  return { stamp, place: places[i], event }
}

const keyOf = ({ partition, offset }: Position): string => `${partition} ${offset}`

const readsAtOnce = 16
