import { setTimeout } from 'node:timers/promises'
import { LogUnavailable } from '#shared/log/event-log'
import { MemoryEventLog, MemoryLogStorage } from '#shared/log/event-log-memory'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import { MemoryDeadLetterStore } from '#shared/store/dead-letter-store'
import type { MapDecoder } from '#shared/wire/map-decoder'
import { MapFile } from '#shared/wire/map-file'
import type { EventDoor } from '../event-door.ts'
import { Ingest } from '../ingest.ts'
import type { SourcePort } from '../source-reader.ts'

/** `events.yaml` of a bank, as all tests of sources have it. */
export const eventsFile = `events:
  transaction:
    fields: { account: string, amount: money, country: optional<string> }
    keys: { account: account }
`

/** The same, read. */
export const schema = (() => {
  const { ruleSet } = loadRuleSet(new Map([['events.yaml', eventsFile]]))
  if (ruleSet === undefined) throw new Error('the rule set of the tests is wrong')
  return ruleSet.events
})()

/** The bank's own columns. */
export const mapText = `maps:
  - event: transaction
    fields:
      id: row.ref
      at: row.when
      account: row.card.account
      amount: row.sum
`

export function mapDecoder(text = mapText): MapDecoder {
  return MapFile.read({ name: 'test.map.yaml', text }, schema).bind({
    source: 'test',
    kind: 'object',
    columns: undefined,
  }).decoder
}

/** A log, dead letters, and sources that are read into them. */
export class World {
  readonly log = new MemoryEventLog({ storage: new MemoryLogStorage(1), latenessMs: 600_000 })
  readonly deadLetters = new MemoryDeadLetterStore()
  readonly lines: string[] = []
  /** Why the door is closed. */
  refusal: string | undefined
  /** The next appends fail, with this reason. */
  failures = 0
  lag = 0
  readonly door: EventDoor = {
    append: async (request) => {
      if (this.failures > 0 && this.failures--) throw new LogUnavailable('unreachable', 'the log is away')
      return this.log.append(request)
    },
    refusal: () => this.refusal,
    lag: () => this.lag,
    samples: () => true,
  }

  read(sources: Readonly<Record<string, SourcePort>>, map?: MapDecoder): Ingest {
    const ingest = new Ingest({
      schema,
      partitions: 1,
      sources: Object.entries(sources).map(([name, port]) => ({ name, port, map })),
      door: this.door,
      deadLetters: this.deadLetters,
      write: (line) => void this.lines.push(line),
      onMistake: (error) => void this.lines.push(`mistake: ${error}`),
    })
    ingest.start()
    return ingest
  }

  /** Ids and bodies of the events in the log, in order. */
  async events(): Promise<readonly { readonly id: string; readonly body: string; readonly traceparent: string }[]> {
    const { next, first } = await this.log.bounds(0)
    if (first === next) return []
    const block = await this.log.read(0, first, 2 ** 30)
    const text = Buffer.from(block.bytes)
    return Array.from({ length: block.length }, (_, i) => {
      const body = text.toString('utf8', block.starts[i], block.ends[i])
      return { id: String(JSON.parse(body).id), body, traceparent: block.traceparents[i] }
    })
  }

  async ids(): Promise<readonly string[]> {
    return (await this.events()).map(({ id }) => id)
  }

  async letters(): Promise<readonly { readonly position: string; readonly row: number; readonly reason: string }[]> {
    const found = await this.deadLetters.list({ source: undefined, reason: undefined, before: undefined, limit: 1_000 })
    return found.map(({ position, row, reason }) => ({ position, row, reason })).reverse()
  }
}

/** Looks again until it holds. */
export async function until(claim: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 1_000) throw new Error(`not so: ${claim}`)
    await setTimeout(5)
  }
}
