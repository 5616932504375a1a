import type { Decision } from '#shared/actor/alert'
import { prefetchMax } from '#shared/actor/population'
import { ByteWriter } from '#shared/checkpoint/bytes'
import { homeKey } from '#shared/domain/home-key'
import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import { Arena } from '#shared/memory/arena'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { appliedRecord, recordDigest } from './applied-record.ts'
import { Checkpointing } from './checkpointing.ts'
import { Generation } from './generation.ts'
import type { TallyView } from './generation-tally.ts'
import { Generations } from './generations.ts'
import { type LogBlock, type RecordKind, recordKinds } from './log-record.ts'
import { arenaReserve, memoryHardShare, type OwnerBounds, ownerBounds } from './owner-bounds.ts'
import type { Judged, OwnerCommand, OwnerInput } from './owner-io.ts'
import { type AppliedRecord, countOutcome, noCounts, type OwnerOptions } from './owner-options.ts'
import { expectInput, failureOf, OwnerFailed, pause, type Steps, storeWentBack } from './owner-steps.ts'
import { recover } from './recovery.ts'
import { decodeRuleSetRecord, encodeRuleSetRecord, type RuleSetRecord, schemaConflict } from './rule-set-record.ts'
import { bring, decodeRows, endOfEvents, latestAt, load } from './slice.ts'
import { decodeTick, encodeTick } from './tick-record.ts'

/**
 * The owner of one partition: it claims it, brings its actors to the end of the log, judges what comes and keeps checkpoints. Pure: time,
 * records and answers come in by `handle`, what is to be done goes out as commands.
 *
 * O1 What it tells and commits is a function of the records up to its position.
 * O2 It commits only under the epoch of its own claim record, and nothing more once it has read a later claim.
 * O3 A record is applied once: after a restart it goes on behind the last commit, whose last record it has found again in the log.
 * O4 Nothing is offered before the commit that holds it.
 * O5 Between two steps the state is that after the record at `position`; while a checkpoint is gathered no step is taken.
 * O6 It judges by what it has itself left in the store, or taken over with its claim; by nothing that came there later or before.
 */
export class PartitionOwner {
  readonly counts = noCounts()
  readonly #options: OwnerOptions
  readonly #bounds: OwnerBounds
  readonly #ruleSetOf: NonNullable<OwnerOptions['ruleSetOf']>
  readonly #configured: RuleSet
  readonly #steps: Steps<never>
  #checkpointing: Checkpointing | undefined
  readonly #generations = new Generations()
  #epoch = 0
  #first = 1
  #firstRules: RuleSetRecord | undefined
  #applying: AppliedRecord = { offset: 0, receivedAt: 0, traceparent: '', eventId: undefined, account: '' }
  #position = 0
  #committingPosition = 0
  #committedPosition = 0
  #tailDigest = 0
  #isLive = false
  #isStopping = false
  #hasEnded = false
  #isPaused = false
  #hasTickOut = false
  #hasRulesOut = false
  /** An answer that came while a checkpoint was being gathered. */
  #held: OwnerInput | undefined
  /** When the record that moved time last reached the log, and when any did. */
  #movedAt = 0
  #recordAt = 0
  #out: OwnerCommand[] = []
  #judged: Judged[] = []
  /** The decision told for the event being applied. */
  #decision: Decision | undefined

  constructor(options: OwnerOptions) {
    this.#options = options
    this.#bounds = options.bounds ?? ownerBounds
    this.#ruleSetOf = options.ruleSetOf ?? ((files) => loadRuleSet(files).ruleSet)
    const ruleSet = this.#ruleSetOf(options.ruleFiles)
    invariant(ruleSet !== undefined, 'the configured rule set was checked before')
    this.#configured = ruleSet
    this.#steps = this.#run()
  }

  /** Offset of the last applied record. */
  get position(): number {
    return this.#position
  }

  get committedPosition(): number {
    return this.#committedPosition
  }

  /** Whether it has reached its own claim in the log, and the configured rule set is in force. */
  get isReady(): boolean {
    return this.#isLive && !this.#hasEnded && this.#generations.newest?.ruleSet.hash === this.#configured.hash
  }

  get outboxLength(): number {
    return this.#checkpointing?.outboxLength ?? 0
  }

  /** Actors in memory. */
  get actors(): number {
    return this.#generations.actors
  }

  /** Bytes of actors' states in memory. */
  get stateBytes(): number {
    return this.#generations.stateBytes
  }

  /** Event time up to which time has passed, ms; −Infinity: there was no event. */
  get now(): number {
    return this.#generations.newest?.engine.now ?? Number.NEGATIVE_INFINITY
  }

  /** What the rule set in force found, for metrics; undefined: none is. */
  get tally(): TallyView | undefined {
    return this.#generations.newest?.tally
  }

  handle(input: OwnerInput): readonly OwnerCommand[] {
    if (this.#hasEnded) return []
    try {
      this.#take(input)
    } catch (error) {
      this.#hasEnded = true
      this.#out.push({ kind: 'halt', failure: failureOf(error) })
    }
    const out = this.#out
    this.#out = []
    return out
  }

  #take(input: OwnerInput): void {
    switch (input.kind) {
      case 'start':
        this.#step(input)
        break
      case 'clock':
        this.#checkpoint()
        this.#tickIfIdle(input.now)
        break
      case 'stop':
        this.#isStopping = true
        this.#checkpoint()
        break
      case 'staged':
        if (input.result === 'fenced') throw new OwnerFailed('fenced', 'another owner has claimed the partition')
        this.#out.push(...(this.#checkpointing?.staged() ?? []))
        this.#release()
        break
      case 'committed':
        this.#committed(input.result)
        this.#unpause(input)
        break
      case 'offered':
        this.#out.push(...(this.#checkpointing?.offered(input.upTo) ?? []))
        this.#unpause(input)
        break
      case 'later':
        this.#out.push(...(this.#checkpointing?.gather() ?? []))
        this.#release()
        break
      case 'appended':
        // The owner's other records are met again in the log.
        if (input.record === 'claim') this.#answer(input)
        break
      case 'loaded':
        if (this.#checkpointing?.endReading(input) === false) throw storeWentBack()
        this.#answer(input)
        break
      default:
        this.#answer(input)
    }
  }

  /** What the steps have asked for. While a checkpoint is gathered nothing may change. */
  #answer(input: OwnerInput): void {
    if (this.#isStopping) return
    if (this.#checkpointing?.isGathering === true) this.#held = input
    else this.#step(input)
  }

  #release(): void {
    const held = this.#held
    if (held === undefined || this.#checkpointing?.isGathering === true) return
    this.#held = undefined
    this.#answer(held)
  }

  /** The steps wait for room, and look again. */
  #unpause(input: OwnerInput): void {
    if (!this.#isPaused || this.#checkpointing?.isGathering === true || this.#isStopping) return
    this.#isPaused = false
    this.#step(input)
  }

  #step(input: OwnerInput): void {
    const { value } = this.#steps.next(input)
    if (value === pause) this.#isPaused = true
    else {
      if (value.kind === 'load') this.#checkpointing?.beginReading()
      this.#out.push(value)
    }
  }

  *#run(): Steps<never> {
    const writer = new ByteWriter()
    writer.text(this.#options.name)
    const claim = writer.bytes.slice(0, writer.length)
    const { partition, name, newHashKey, hasSnapshots = false } = this.#options
    const create = this.#generation.bind(this)
    const recovered = yield* recover(claim, create, hasSnapshots)
    this.#out.push(...recovered.notices.map((text) => ({ kind: 'notice', text }) as const))
    const maker = `${name} ${newHashKey}`
    this.#checkpointing = new Checkpointing({ ...recovered, partition, maker, bounds: this.#bounds })
    this.#epoch = recovered.epoch
    this.#first = recovered.first
    this.#position = this.#committedPosition = recovered.position
    this.#tailDigest = recovered.tailDigest
    this.#generations.restore(recovered.generations, recovered.dropped)
    this.#firstRules = recovered.firstRules
    this.#movedAt = this.#recordAt = recovered.movedAt
    this.#out.push(...this.#checkpointing.offer())
    for (;;) {
      const { block } = expectInput(
        'records',
        yield { kind: 'read', from: this.#position + 1, bytesMax: this.#bounds.readBytesMax, waits: true },
      )
      for (let i = 0; i < block.length; ) {
        yield* this.#makeRoom()
        const end = endOfEvents(block, i)
        if (end > i) yield* this.#applyEvents(block, i, end)
        else yield* this.#applyOwn(block, i)
        i = Math.max(end, i + 1)
        this.#position = block.offsets[i - 1]
        this.#tailDigest = recordDigest(block, i - 1)
        this.#recordAt = block.receivedAt[i - 1]
        this.#tellJudged()
      }
    }
  }

  /** Actors leave memory before a slice only: those that it needs are in memory from then on until it is applied. */
  *#makeRoom(): Steps<void> {
    const { memoryBytesMax } = this.#options
    const isUnderWay = (): boolean => this.#checkpointing?.isUnderWay === true
    const isTight = (): boolean => this.stateBytes > memoryBytesMax * memoryHardShare || this.#generations.isCramped
    while (this.#checkpointing?.isFull || (isTight() && isUnderWay())) yield pause
    if (!isUnderWay()) this.#generations.passivateAbove(memoryBytesMax)
    this.#generations.compact()
  }

  *#applyEvents(block: LogBlock, from: number, to: number): Steps<void> {
    const newest = this.#generations.newest ?? this.#beginWithRules(block.offsets[from])
    const rows = decodeRows(newest, block, from, to)
    this.#applying = appliedRecord(block, from, undefined)
    // Events from before a change of rules are judged by the set of their time, too.
    const older = this.#generations.older.map((generation) => ({
      generation,
      rows: decodeRows(generation, block, from, to, (i) => rows[i] >= 0 && newest.batch.at[rows[i]] <= generation.upTo),
    }))
    const all = [newest, ...older.map(({ generation }) => generation)]
    for (const generation of all) yield* bring(generation, latestAt(generation))
    // From here on in one go: between two steps the state is that after a whole slice.
    for (let i = from; i < to; i++) {
      const row = rows[i - from]
      if (row < 0) {
        this.counts.undecodable++
        continue
      }
      const kind = recordKinds[block.kinds[i]]
      const isAsked = kind !== 'event'
      const account = isAsked ? homeKey(newest.batch, newest.ruleSet.events, row) : ''
      this.#applying = appliedRecord(block, i, kind === 'ask' ? undefined : newest.batch.id[row], account)
      if ((i - from) % prefetchMax === 0) newest.engine.prefetch(newest.batch, undefined, row)
      const before = newest.engine.now
      this.#decision = undefined
      const outcome = newest.apply(row, isAsked)
      if (newest.engine.now > before) this.#movedAt = block.receivedAt[i]
      let decision = isAsked && newest.covers(newest.batch.at[row]) ? newest.decision(row) : undefined
      // An older set knows nothing of what came after it, so the newest alone says what is late. A repeat may only be asked about.
      if (outcome === 'applied' || outcome === 'duplicate')
        for (const { generation, rows: olderRows } of older) {
          const olderRow = olderRows[i - from]
          // One that goes leaves its time to the next, also in the middle of a slice.
          const covers = this.#generations.isInForce(generation) && generation.covers(newest.batch.at[row])
          if (olderRow < 0 || !covers) continue
          generation.apply(olderRow, isAsked)
          if (isAsked) decision = generation.decision(olderRow)
        }
      if (isAsked) this.#judge(newest.batch.id[row], { kind, outcome, decision: this.#decision ?? decision })
      if (kind !== 'ask') countOutcome(this.counts, outcome)
      this.#generations.dropOld(this.#options.latenessMs)
    }
  }

  /** The log no longer says what was in force before what it has. */
  #beginWithRules(number: number): Generation {
    const rules = this.#firstRules ?? this.#configuredRules(Number.NEGATIVE_INFINITY)
    const generation = this.#generation(number, rules, Number.NEGATIVE_INFINITY)
    this.#generations.follow(generation)
    return generation
  }

  #configuredRules(effectiveAt: number, hashKey = this.#options.newHashKey): RuleSetRecord {
    return { hash: this.#configured.hash, effectiveAt, hashKey, files: this.#options.ruleFiles }
  }

  #judge(id: string, { kind, outcome, decision }: Omit<Judged, 'offset' | 'id'> & { readonly kind: RecordKind }): void {
    const { offset } = this.#applying
    // Somebody who asks late does not make the event late.
    if (outcome === 'late' && kind === 'decide') {
      this.counts.lateDecisions++
      this.#checkpointing?.addEntry(this.#options.entries.late(id, this.#applying))
    }
    this.#judged.push({ offset, id, outcome, decision })
  }

  #tellJudged(): void {
    if (this.#judged.length === 0) return
    this.#out.push({ kind: 'judged', judged: this.#judged })
    this.#judged = []
  }

  *#applyOwn(block: LogBlock, i: number): Steps<void> {
    const offset = block.offsets[i]
    const body = block.bytes.subarray(block.starts[i], block.ends[i])
    switch (recordKinds[block.kinds[i]]) {
      case 'claim':
        if (offset > this.#epoch) throw new OwnerFailed('fenced', `another owner claimed the partition at ${offset}`)
        if (offset < this.#epoch) return
        this.#isLive = true
        this.#askForRules()
        return
      case 'tick':
        this.#applying = appliedRecord(block, i, undefined)
        return yield* this.#tick(decodeTick(body), block.receivedAt[i])
      case 'ruleset':
        this.#applying = appliedRecord(block, i, undefined)
        return yield* this.#changeRules(offset, decodeRuleSetRecord(body))
      default:
        throw new OwnerFailed(
          'unknown-record',
          `the record at ${offset} was written by a later version; start that again`,
        )
    }
  }

  *#tick(at: number, receivedAt: number): Steps<void> {
    this.#hasTickOut = false
    const { newest } = this.#generations
    if (newest === undefined || at <= newest.engine.now) return
    for (let due = newest.due(at); due.actors.length > 0; due = newest.due(at)) {
      yield* load(newest, due.actors)
      // Time stops at deadlines only, so that it makes no difference in how many steps it comes.
      newest.engine.advance(due.upTo)
      yield* this.#makeRoom()
    }
    newest.engine.advance(at)
    this.#movedAt = receivedAt
    this.#generations.dropOld(this.#options.latenessMs)
  }

  /** Where the configured rule set is not the one in force, a record puts it there. */
  #askForRules(): void {
    const { newest } = this.#generations
    if (this.#hasRulesOut || newest?.ruleSet.hash === this.#configured.hash) return
    const conflict = newest && schemaConflict(newest.ruleSet.events, this.#configured.events)
    if (conflict !== undefined)
      throw new OwnerFailed(
        'rules-refused',
        `events.yaml cannot follow the one in force: ${conflict}. Only fields may be added; undo the change, or use another data folder`,
      )
    this.#hasRulesOut = true
    const body = encodeRuleSetRecord(this.#configuredRules(this.now, newest?.record.hashKey))
    this.#out.push({ kind: 'append', record: { kind: 'ruleset', body } })
  }

  *#changeRules(offset: number, record: RuleSetRecord | undefined): Steps<void> {
    if (record === undefined)
      throw new OwnerFailed(
        'unknown-record',
        `the rule set at ${offset} was written by a later version; start that again`,
      )
    this.#hasRulesOut = false
    const previous = this.#generations.newest
    if (previous?.ruleSet.hash === record.hash) return
    const from = Math.max(record.effectiveAt, this.now)
    const next = this.#generation(offset, record, from)
    if (previous !== undefined) yield* this.#warm(next, offset)
    this.#generations.follow(next)
    if (this.#isLive) this.#askForRules()
  }

  /** A new rule set gets the windows and runs that it would have, had it been there from the start of the log. It tells nothing of that time. */
  *#warm(generation: Generation, until: number): Steps<void> {
    // What an earlier attempt has left goes before anything of this one is saved.
    this.#generations.dropRemainsOf(generation)
    while (this.#generations.hasDropped || this.#checkpointing?.isUnderWay === true) yield pause
    this.#generations.warming = generation
    for (let from = this.#first; from < until; ) {
      const { block } = expectInput(
        'records',
        yield { kind: 'read', from, bytesMax: this.#bounds.readBytesMax, waits: false },
      )
      if (block.length === 0) break
      for (let i = 0; i < block.length && block.offsets[i] < until; ) {
        yield* this.#makeRoom()
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
    this.#generations.warming = undefined
  }

  #generation(number: number, record: RuleSetRecord, from: number): Generation {
    const ruleSet = this.#ruleSetOf(record.files)
    if (ruleSet === undefined)
      throw new OwnerFailed('unknown-record', `the rule set in force since ${number} has errors for this version`)
    const { decoderOf, entries, memoryBytesMax } = this.#options
    return new Generation({
      ...this.#options,
      number,
      record,
      ruleSet,
      from,
      arena: new Arena(Math.ceil(memoryBytesMax * arenaReserve) + this.#bounds.reserveBytes),
      decoder: decoderOf(ruleSet.events),
      tell: {
        alert: (revision, { engine }) => {
          this.counts.alerts++
          this.#checkpointing?.addEntry(entries.alert(revision, ruleSet, this.#applying, (hit) => engine.cited(hit)))
        },
        decision: (revision) => {
          this.#decision = revision.decision
          this.#checkpointing?.addEntry(entries.decision(revision, this.#applying))
        },
      },
    })
  }

  #tickIfIdle(now: number): void {
    const { newest } = this.#generations
    if (!this.isReady || newest === undefined || this.#hasTickOut || this.#isStopping) return
    if (now - this.#recordAt < limits.idleMs || newest.engine.now === Number.NEGATIVE_INFINITY) return
    // Time goes on at the pace of the clock since the record that moved it last: a stream from the past is not hurried.
    const at = newest.engine.now + (now - this.#movedAt)
    if (newest.nextDeadline > at) return
    this.#hasTickOut = true
    this.#out.push({ kind: 'append', record: { kind: 'tick', body: encodeTick(at) } })
  }

  #checkpoint(): void {
    const checkpointing = this.#checkpointing
    if (checkpointing === undefined) {
      if (this.#isStopping) this.#end()
      return
    }
    if (checkpointing.isUnderWay) return
    const generations = this.#generations
    const warming = this.#isStopping ? undefined : generations.warming
    const isApplied = this.#position > this.#committedPosition
    if (!isApplied && !checkpointing.isDirty && !generations.hasDropped && warming === undefined) {
      if (this.#isStopping) this.#end()
      return
    }
    const standing = {
      position: this.#position,
      tailDigest: this.#tailDigest,
      movedAt: this.#movedAt,
      generations: generations.list,
      warming,
      droppedGenerations: generations.takeDropped(),
    }
    this.#committingPosition = this.#position
    this.#out.push(...checkpointing.begin(standing))
  }

  #committed(result: 'ok' | 'already' | 'fenced' | 'conflict'): void {
    if (result === 'fenced') throw new OwnerFailed('fenced', 'another owner has claimed the partition')
    if (result === 'conflict') throw storeWentBack()
    this.#committedPosition = this.#committingPosition
    this.counts.commits++
    this.#out.push(...(this.#checkpointing?.committed() ?? []))
    if (this.#isStopping) this.#checkpoint()
  }

  #end(): void {
    this.#hasEnded = true
    this.#out.push({ kind: 'stopped' })
  }
}
