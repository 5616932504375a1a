import { invariant } from '#shared/domain/invariant'
import { Arena } from '#shared/memory/arena'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { RuleSet } from '#shared/rule-language/rule-set'
import type { Checkpointing } from './checkpointing.ts'
import { Generation, type GenerationOptions } from './generation.ts'
import type { Generations } from './generations.ts'
import { type LogBlock, recordKinds } from './log-record.ts'
import { arenaReserve, type OwnerBounds } from './owner-bounds.ts'
import type { OwnerCommand } from './owner-io.ts'
import type { OwnerOptions } from './owner-options.ts'
import { claimedLater, expectInput, OwnerFailed, pause, type Steps } from './owner-steps.ts'
import type { Recovered } from './recovery.ts'
import { decodeRuleSetRecord, encodeRuleSetRecord, type RuleSetRecord, schemaConflict } from './rule-set-record.ts'
import { bring, decodeRows, endOfEvents, latestAt, makeRoom } from './slice.ts'
import { decodeTick } from './tick-record.ts'

type RuleChangesOptions = OwnerOptions & {
  readonly bounds: OwnerBounds
  readonly generations: Generations
  readonly tell: GenerationOptions['tell']
  readonly send: (command: OwnerCommand) => void
}

/** Brings the configured rule set into force: by a record in the log, since it must take effect at the same place whenever the log is read. */
export class RuleChanges {
  readonly #options: RuleChangesOptions
  readonly #ruleSetOf: NonNullable<OwnerOptions['ruleSetOf']>
  readonly #configured: RuleSet
  #epoch = 0
  #first = 1
  #firstRules: RuleSetRecord | undefined
  #isOut = false

  constructor(options: RuleChangesOptions) {
    this.#options = options
    this.#ruleSetOf = options.ruleSetOf ?? ((files) => loadRuleSet(files).ruleSet)
    const ruleSet = this.#ruleSetOf(options.ruleFiles)
    invariant(ruleSet !== undefined, 'the configured rule set was checked before')
    this.#configured = ruleSet
  }

  /** What the log has, and no longer has, when the owner begins. */
  recovered({ epoch, first, firstRules }: Recovered): void {
    this.#epoch = epoch
    this.#first = first
    this.#firstRules = firstRules
  }

  /** Whether the configured rule set is in force. */
  get areDone(): boolean {
    return this.#options.generations.newest?.ruleSet.hash === this.#configured.hash
  }

  /** Sends the record that puts the configured rule set in force, unless it is, or the record is on its way. Throws OwnerFailed. */
  ask(now: number): void {
    if (this.#isOut || this.areDone) return
    const { newest } = this.#options.generations
    const conflict = newest && schemaConflict(newest.ruleSet.events, this.#configured.events)
    if (conflict !== undefined)
      throw new OwnerFailed(
        'rules-refused',
        `events.yaml cannot follow the one in force: ${conflict}. Only fields may be added; undo the change, or use another data folder`,
      )
    this.#isOut = true
    const body = encodeRuleSetRecord(this.#configuredRules(now, newest?.record.hashKey))
    this.#options.send({ kind: 'append', record: { kind: 'ruleset', body } })
  }

  /**
   * The log does not say what was in force where it begins. Throws OwnerFailed.
   * @param number offset of its first event
   */
  *begin(number: number): Steps<Generation> {
    const rules = this.#firstRules ?? (yield* this.#firstInLog(number))
    const generation = this.generation(number, rules, Number.NEGATIVE_INFINITY)
    this.#options.generations.follow(generation)
    return generation
  }

  /**
   * A record that changes the rules was read. Throws OwnerFailed.
   * @param now event time
   * @returns whether it has changed them
   */
  *follow(
    block: LogBlock,
    i: number,
    { now, checkpointing }: { readonly now: number; readonly checkpointing: Checkpointing },
  ): Steps<boolean> {
    const record = ruleSetAt(block, i)
    this.#isOut = false
    const { generations } = this.#options
    const previous = generations.newest
    if (previous?.ruleSet.hash === record.hash) return false
    const offset = block.offsets[i]
    const next = this.generation(offset, record, Math.max(record.effectiveAt, now))
    if (previous !== undefined) yield* this.#warm(next, offset, checkpointing)
    generations.follow(next)
    return true
  }

  /** A generation without actors. Throws OwnerFailed. */
  generation(number: number, record: RuleSetRecord, from: number): Generation {
    const ruleSet = this.#ruleSetOf(record.files)
    if (ruleSet === undefined)
      throw new OwnerFailed('unknown-record', `the rule set in force since ${number} has errors for this version`)
    const { decoderOf, memoryBytesMax, bounds } = this.#options
    return new Generation({
      ...this.#options,
      number,
      record,
      ruleSet,
      from,
      arena: new Arena(Math.ceil(memoryBytesMax * arenaReserve) + bounds.reserveBytes),
      decoder: decoderOf(ruleSet.events),
    })
  }

  /**
   * The first rule set that the log names judges what comes before it, too: were it the configured one, each owner would judge that as it is
   * configured, and nothing would tell the next one by what. So where the log names none up to this owner's claim, a record comes first.
   */
  *#firstInLog(from: number): Steps<RuleSetRecord> {
    for (let next = from; ; ) {
      if (next > this.#epoch) this.ask(Number.NEGATIVE_INFINITY)
      const read = {
        kind: 'read',
        from: next,
        bytesMax: this.#options.bounds.readBytesMax,
        waits: true,
        isNext: false,
      } as const
      const { block } = expectInput('records', yield read)
      for (let i = 0; i < block.length; i++) {
        const kind = recordKinds[block.kinds[i]]
        if (kind === 'claim' && block.offsets[i] > this.#epoch) throw claimedLater(block.offsets[i])
        if (kind === 'ruleset') return ruleSetAt(block, i)
      }
      next = block.offsets[block.length - 1] + 1
    }
  }

  #configuredRules(effectiveAt: number, hashKey = this.#options.newHashKey): RuleSetRecord {
    return { hash: this.#configured.hash, effectiveAt, hashKey, files: this.#options.ruleFiles }
  }

  /** A new rule set gets the windows and runs that it would have, had it been there from the start of the log. It tells nothing of that time. */
  *#warm(generation: Generation, until: number, checkpointing: Checkpointing): Steps<void> {
    const { generations, memoryBytesMax, bounds } = this.#options
    // What an earlier attempt has left goes before anything of this one is saved.
    generations.dropRemainsOf(generation)
    while (generations.hasDropped || checkpointing.isUnderWay) yield pause
    generations.warming = generation
    for (let from = this.#first; from < until; ) {
      const { block } = expectInput(
        'records',
        yield { kind: 'read', from, bytesMax: bounds.readBytesMax, waits: false, isNext: false },
      )
      if (block.length === 0) break
      for (let i = 0; i < block.length && block.offsets[i] < until; ) {
        yield* makeRoom(generations, checkpointing, memoryBytesMax)
        const end = endOfEvents(block, i)
        if (end > i) {
          const rows = decodeRows(generation, block, i, end, (index) => block.offsets[i + index] < until)
          yield* bring(generation, latestAt(generation))
          for (const row of rows) if (row >= 0) generation.apply(row, false)
        } else if (recordKinds[block.kinds[i]] === 'tick') {
          const at = decodeTick(block.bytes.subarray(block.starts[i], block.ends[i]))
          generation.batch.clear()
          yield* bring(generation, at)
          generation.engine.advance(at)
        }
        i = Math.max(end, i + 1)
      }
      from = block.offsets[block.length - 1] + 1
    }
    generations.warming = undefined
  }
}

function ruleSetAt(block: LogBlock, i: number): RuleSetRecord {
  const record = decodeRuleSetRecord(block.bytes.subarray(block.starts[i], block.ends[i]))
  if (record !== undefined) return record
  throw new OwnerFailed(
    'unknown-record',
    `the rule set at ${block.offsets[i]} was written by a later version; start that again`,
  )
}
