import * as Redacted from 'effect/Redacted'
import { brokerLogPlace } from '#shared/log/broker-log-place'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { SqliteDeadLetterStore } from '#shared/store/dead-letter-store-sqlite'
import type { DeadLetters } from '../../api/dead-letters.ts'
import type { Service } from '../../detector/service.ts'
import { Ingest } from '../../ingest/ingest.ts'
import { LetterDesk } from '../../ingest/letter-desk.ts'
import { type LoadedSource, loadSources } from '../../ingest/load-sources.ts'
import { SourceMetrics } from '../../ingest/source-metrics.ts'
import { FoundErrors } from '../failure.ts'
import { diagnosticText, readText } from '../rule-folder.ts'
import type { ServeConfiguration } from './configuration.ts'

/** What `VIGIL_SOURCES` names, checked in full. Rejects with NotStarted, or with FoundErrors, which shows every error. */
export async function checkedSources(
  { sources: file, log }: ServeConfiguration,
  ruleSet: RuleSet,
): Promise<readonly LoadedSource[]> {
  if (file === undefined) return []
  const { sources, diagnostics } = loadSources({
    file,
    text: await readText(file),
    schema: ruleSet.events,
    environment: process.env,
    log: brokerLogPlace(Redacted.value(log)),
  })
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return sources
  const shown = errors.map((error) => diagnosticText('', error)).join('\n')
  throw new FoundErrors(`the sources in ${file} have errors\n${shown}`)
}

/** Sources at work. */
export interface Sources {
  /** undefined: there are no sources. */
  readonly deadLetters: DeadLetters | undefined
  start(): void
  /** Reading ends. What was read and not committed comes again at the next start. */
  stop(): Promise<void>
  /** After reading has ended. */
  close(): Promise<void>
}

/** Readies the sources of a service; they are not read yet. */
export function sourcesOf(
  { dataDir, partitions }: ServeConfiguration,
  sources: readonly LoadedSource[],
  ruleSet: RuleSet,
  service: Service,
  write: (line: string) => void,
  onMistake: (error: unknown) => void,
): Sources {
  const nothing = async (): Promise<void> => {}
  if (sources.length === 0) return { deadLetters: undefined, start: () => {}, stop: nothing, close: nothing }
  const store = new SqliteDeadLetterStore(dataDir)
  const { door } = service
  const common = { schema: ruleSet.events, partitions, door }
  const ingest = new Ingest({ ...common, sources, deadLetters: store, write, onMistake })
  service.addMetrics(new SourceMetrics(ingest.counts))
  const maps = new Map(sources.map(({ name, mendedMap }) => [name, mendedMap]))
  return {
    deadLetters: new LetterDesk({ ...common, store, maps, now: Date.now }),
    start: () => ingest.start(),
    stop: () => ingest.stop(),
    close: () => store.close(),
  }
}
