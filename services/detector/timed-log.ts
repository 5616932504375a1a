import type { AppendRequest, AppendResult, EventLog } from '#shared/log/event-log'
import { logOver } from './log-over.ts'
import type { PartitionTimes } from './partition-times.ts'
import type { ToldMessages } from './told-messages.ts'
import { isSampled } from './trace-context.ts'

interface TimedLogOptions {
  readonly log: EventLog
  /** By partition. */
  readonly times: readonly PartitionTimes[]
  /** undefined: nobody listens. */
  readonly messages: ToldMessages | undefined
}

/** A log that tells when it has what: whichever way events come in, here they pass. */
export function timedLog({ log, times, messages }: TimedLogOptions): EventLog {
  const append = async (request: AppendRequest): Promise<AppendResult> => {
    const appendedFrom = Date.now()
    const result = await log.append(request)
    if (result.kind !== 'appended') return result
    const { partitions, receivedAt, traceparent } = request
    const { offsets } = result
    const appendedAt = Date.now()
    for (let i = 0; i < offsets.length; i++) times[partitions[i]].appended(offsets[i], appendedAt)
    if (messages !== undefined && isSampled(traceparent)) {
      const position = `${partitions[0]}:${offsets[0]}`
      const records = partitions.length
      messages.tell({ traceparent, receivedAt, appendedFrom, appendedAt, position, records })
    }
    return result
  }
  return logOver(log, { append })
}
