import { limits } from '#shared/domain/limits'
import type { EventLog } from '#shared/log/event-log'
import type { Tracing } from '#shared/telemetry/tracing'
import { batchSpans } from './batch-spans.ts'
import { FindingSpans } from './finding-spans.ts'
import { PartitionTimes } from './partition-times.ts'
import { timedLog } from './timed-log.ts'
import { curves, TimesFile } from './times-file.ts'
import { ToldMessages } from './told-messages.ts'

interface ServiceTraces {
  /** The log, which tells when it has what. */
  readonly log: EventLog
  /** By partition. */
  readonly times: readonly PartitionTimes[]
  /** By partition; undefined: nobody listens. */
  readonly spans: readonly (FindingSpans | undefined)[]
}

interface ServiceTracesOptions {
  readonly log: EventLog
  readonly partitions: number
  readonly tracing: Tracing
  /** Where times are kept for the next process; undefined: nowhere. */
  readonly folder: string | undefined
  /** They can be kept no longer, which is no harm to anything else. */
  readonly onTrouble: (partition: number, error: unknown) => void
}

/** What a service notes of times, always, and what it tells as spans, where somebody listens. */
export function serviceTraces(options: ServiceTracesOptions): ServiceTraces {
  const { log, partitions, tracing, folder } = options
  const messages = tracing.isOn ? new ToldMessages(tracing) : undefined
  const pointsMax = Math.max(pointsMin, Math.floor(limits.timePointsMax / partitions))
  const times = Array.from({ length: partitions }, (_, partition) => {
    const onBatch = tracing.isOn ? batchSpans(partition, tracing) : undefined
    const onTrouble = (error: unknown): void => options.onTrouble(partition, error)
    // Three curves share it: so it reaches as far back as memory.
    const recordsMax = curves.length * pointsMax
    const file = folder === undefined ? undefined : new TimesFile({ folder, partition, recordsMax, onTrouble })
    return new PartitionTimes({ partition, pointsMax, clock: Date.now, file, onBatch })
  })
  const spans = times.map((own) => messages && new FindingSpans({ tracing, messages, times: own }))
  return { log: timedLog({ log, times, messages }), times, spans }
}

const pointsMin = 256
