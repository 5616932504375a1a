import { limits } from '#shared/domain/limits'
import type { EventLog } from '#shared/log/event-log'
import type { Tracing } from '#shared/telemetry/tracing'
import { batchSpans } from './batch-spans.ts'
import { FindingSpans } from './finding-spans.ts'
import { PartitionTimes } from './partition-times.ts'
import { timedLog } from './timed-log.ts'
import { ToldMessages } from './told-messages.ts'

interface ServiceTraces {
  /** The log, which tells when it has what. */
  readonly log: EventLog
  /** By partition. */
  readonly times: readonly PartitionTimes[]
  /** By partition; undefined: nobody listens. */
  readonly spans: readonly (FindingSpans | undefined)[]
}

/** What a service notes of times, always, and what it tells as spans, where somebody listens. */
export function serviceTraces(log: EventLog, partitions: number, tracing: Tracing): ServiceTraces {
  const messages = tracing.isOn ? new ToldMessages(tracing) : undefined
  const pointsMax = Math.max(pointsMin, Math.floor(limits.timePointsMax / partitions))
  const times = Array.from({ length: partitions }, (_, partition) => {
    const onBatch = tracing.isOn ? batchSpans(partition, tracing) : undefined
    return new PartitionTimes({ partition, pointsMax, clock: Date.now, onBatch })
  })
  const spans = times.map((own) => messages && new FindingSpans({ tracing, messages, times: own }))
  return { log: timedLog({ log, times, messages }), times, spans }
}

const pointsMin = 256
