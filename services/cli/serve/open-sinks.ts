import { Redacted } from 'effect'
import type { AlertStore } from '#shared/store/alert-store'
import { sinkAt } from '../../sinks/sink-address.ts'
import { SinkFeed } from '../../sinks/sink-feed.ts'
import type { ServeConfiguration } from './configuration.ts'

/** What `VIGIL_ALERTS_TO` and `VIGIL_DECISIONS_TO` name, not started yet. */
export function sinkFeeds(
  { alertsTo, decisionsTo }: ServeConfiguration,
  store: AlertStore,
  tell: (line: string) => void,
  onMistake: (error: unknown) => void,
): readonly SinkFeed[] {
  const kinds = [['alerts', alertsTo] as const, ['decisions', decisionsTo] as const]
  return kinds.flatMap(([kind, url]) => {
    if (url === undefined) return []
    const sink = sinkAt(Redacted.value(url))
    return [new SinkFeed({ kind, sink, store, tenant: 'default', tell, onMistake })]
  })
}
