import type { AlertRevision } from '#shared/actor/alert'
import { Engine } from '#shared/actor/engine'
import { prefetchMax } from '#shared/actor/population'
import { usedFields } from '#shared/actor/used-fields'
import { EventBatch } from '#shared/domain/event-batch'
import { type Problem, type ProblemReason, problemReasons } from '#shared/domain/problem'
import { Arena } from '#shared/memory/arena'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { deadLetterLine } from '#shared/wire/dead-letter'
import type { LineWriter } from '#shared/wire/line-writer'
import type { RowBlock } from '#shared/wire/row-block'
import type { Rows } from '#shared/wire/row-reader'
import type { Progress } from '../progress.ts'
import { sha256Hex } from '../sha256.ts'
import { rowsInOrder } from './event-order.ts'
import { alertRevisions, decisions, features, type Output, standingAlerts } from './outputs.ts'
import type { Summary } from './summary.ts'

export interface ReplayOptions {
  readonly ruleSet: RuleSet
  readonly rows: Rows
  readonly emit: 'alerts' | 'features' | 'decisions'
  readonly order: 'event-time' | 'arrival'
  readonly latenessMs: number
  readonly memoryBytesMax: number
  readonly out: LineWriter
  readonly deadLetters: LineWriter | undefined
  readonly progress: Progress
}

/** Runs recorded events through the engine. The same input gives the same lines. */
export async function runReplay(options: ReplayOptions): Promise<Summary> {
  const replay = new Replay(options)
  await (options.order === 'arrival' ? replay.inArrivalOrder() : replay.inEventOrder())
  return replay.finish()
}

class Replay {
  readonly #options: ReplayOptions
  readonly #engine: Engine
  readonly #output: Output
  readonly #standing: number[]
  readonly #deadLetters = new Map<ProblemReason, number>()
  #rows = 0
  #events = 0
  #duplicates = 0
  #late = 0

  constructor(options: ReplayOptions) {
    this.#options = options
    const { ruleSet } = options
    this.#output = outputFor(options)
    this.#standing = ruleSet.rules.map(() => 0)
    const { decision, features: onFeatures } = this.#output
    this.#engine = new Engine({
      ruleSet,
      arena: new Arena(options.memoryBytesMax),
      latenessMs: options.latenessMs,
      isSorted: options.order === 'event-time',
      tenant: 'default',
      sha256Hex,
      hashKey: replayHashKey,
      sink: {
        alert: (revision) => this.#alert(revision),
        ...(decision === undefined ? {} : { decision: (revision) => decision(revision) }),
      },
      ...(onFeatures === undefined ? {} : { onFeatures }),
    })
  }

  /** Reads everything first: only then is it known which event comes next. */
  async inEventOrder(): Promise<void> {
    const { ruleSet, progress } = this.#options
    const batch = new EventBatch(ruleSet.events, usedFields(ruleSet), 65_536)
    for await (const block of this.#options.rows.blocks()) {
      for (const bad of this.#decode(block, batch)) this.#bury(bad)
      await this.#options.deadLetters?.drain()
      progress.show('reading', this.#rows)
    }
    const order = rowsInOrder(batch)
    for (let i = 0; i < batch.length; i++) {
      const row = order === undefined ? i : order[i]
      if (i % prefetchMax === 0) this.#engine.prefetch(batch, order, i)
      this.#apply(batch, row)
      if (i % applyRows === applyRows - 1) {
        this.#output.settledBefore(Math.min(batch.at[row], this.#engine.oldestUnsettledAt))
        await this.#options.out.drain()
        progress.show('judging', i, batch.length)
      }
    }
  }

  async inArrivalOrder(): Promise<void> {
    const { ruleSet, progress } = this.#options
    const batch = new EventBatch(ruleSet.events, usedFields(ruleSet), applyRows)
    for await (const block of this.#options.rows.blocks()) {
      const bad = this.#decode(block, batch)
      let buried = 0
      for (let row = 0; row < batch.length; row++) {
        if (row % prefetchMax === 0) this.#engine.prefetch(batch, undefined, row)
        // In order of rows, wherever the blocks end: the same input gives the same dead letters.
        while (buried < bad.length && bad[buried].row < batch.row[row]) this.#bury(bad[buried++])
        this.#apply(batch, row)
      }
      while (buried < bad.length) this.#bury(bad[buried++])
      batch.clear()
      await this.#options.deadLetters?.drain()
      await this.#options.out.drain()
      progress.show('replaying', this.#rows)
    }
  }

  finish(): Summary {
    this.#output.settledBefore(Number.POSITIVE_INFINITY)
    this.#options.progress.clear()
    const { rules } = this.#options.ruleSet
    const byRule = (count: (rule: number) => number): Record<string, number> =>
      Object.fromEntries(rules.map(({ name }, i) => [name, count(i)]))
    return {
      rows: this.#rows,
      events: this.#events,
      duplicates: this.#duplicates,
      late: this.#late,
      deadLetters: Object.fromEntries(problemReasons.flatMap((reason) => this.#countOf(reason))),
      alerts: byRule((rule) => this.#standing[rule]),
      faults: byRule((rule) => this.#engine.ruleCounts[rule].faults),
      refused: byRule((rule) => this.#engine.ruleCounts[rule].refused),
      truncated: this.#engine.truncatedRecords,
    }
  }

  /** @returns rows that are no events */
  #decode(block: RowBlock, batch: EventBatch): BadRow[] {
    const bad: BadRow[] = []
    for (let i = 0; i < block.length; i++) {
      const problem = block.decode(i, batch)
      if (problem !== undefined) bad.push({ row: block.firstRow + i, problem })
    }
    this.#rows += block.length
    return bad
  }

  #apply(batch: EventBatch, row: number): void {
    const outcome = this.#engine.apply(batch, row)
    if (outcome === 'applied') this.#events++
    else if (outcome === 'duplicate') this.#duplicates++
    else if (outcome === 'late') this.#late++
    else this.#bury({ row: batch.row[row], problem: conflict(batch.id[row]) })
  }

  #bury({ row, problem }: BadRow): void {
    this.#deadLetters.set(problem.reason, (this.#deadLetters.get(problem.reason) ?? 0) + 1)
    this.#options.deadLetters?.write(deadLetterLine(row, problem))
  }

  #countOf(reason: ProblemReason): [string, number][] {
    const count = this.#deadLetters.get(reason)
    return count === undefined ? [] : [[reason, count]]
  }

  #alert(revision: AlertRevision): void {
    if (revision.status !== 'amended') this.#standing[revision.hit.rule] += revision.status === 'raised' ? 1 : -1
    this.#output.alert(revision)
  }
}

interface BadRow {
  readonly row: number
  readonly problem: Problem
}

function outputFor({ emit, order, ruleSet, out }: ReplayOptions): Output {
  const write = (line: string): void => out.write(line)
  const isSorted = order === 'event-time'
  if (emit === 'features') return features(ruleSet, write, isSorted)
  if (emit === 'decisions') return decisions(write, isSorted)
  return isSorted ? standingAlerts(ruleSet, write) : alertRevisions(ruleSet, write)
}

const conflict = (id: string): Problem => ({
  reason: 'duplicate-conflict',
  field: 'id',
  message: `another event with the id ${JSON.stringify(id)} came first and has other content; it stays`,
})

/** Events between two looks at what can be written. */
const applyRows = 4096

/** A replay has no log that could hold a key of its own. */
const replayHashKey = 0x5eed
