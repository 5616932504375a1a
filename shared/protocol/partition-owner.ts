import { ByteWriter } from '#shared/checkpoint/bytes'
import { recordDigest } from './applied-record.ts'
import { Checkpointing } from './checkpointing.ts'
import type { TallyView } from './generation-tally.ts'
import { Generations } from './generations.ts'
import { IdleTicks } from './idle-ticks.ts'
import { Judging } from './judging.ts'
import { type LogBlock, recordKinds } from './log-record.ts'
import { type OwnerBounds, ownerBounds } from './owner-bounds.ts'
import type { OwnerCommand, OwnerInput } from './owner-io.ts'
import { noCounts, type OwnerOptions } from './owner-options.ts'
import { claimedLater, expectInput, failureOf, OwnerFailed, pause, type Steps, storeWentBack } from './owner-steps.ts'
import { recover } from './recovery.ts'
import { RuleChanges } from './rule-changes.ts'
import { endOfEvents, load, makeRoom } from './slice.ts'
import { decodeTick } from './tick-record.ts'

/**
 * The owner of one partition: it claims it, brings its actors to the end of the log, judges what comes and keeps checkpoints. Pure: time,
 * records and answers come in by `handle`, what is to be done goes out as commands.
 *
 * O1 What it tells and commits is a function of the records up to its position, and of the first rule set behind where these have none.
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
  readonly #steps: Steps<never>
  readonly #generations = new Generations()
  readonly #ticks = new IdleTicks()
  readonly #judging: Judging
  readonly #rules: RuleChanges
  #checkpointing: Checkpointing | undefined
  #epoch = 0
  #position = 0
  #committingPosition = 0
  #committedPosition = 0
  #tailDigest = 0
  #isLive = false
  #isStopping = false
  #hasEnded = false
  #isPaused = false
  /** An answer that came while a checkpoint was being gathered. */
  #held: OwnerInput | undefined
  #out: OwnerCommand[] = []

  constructor(options: OwnerOptions) {
    this.#options = options
    this.#bounds = options.bounds ?? ownerBounds
    const bounds = this.#bounds
    const { counts } = this
    const generations = this.#generations
    const send = (command: OwnerCommand): void => void this.#out.push(command)
    const addEntry = (bytes: Uint8Array): void => this.#checkpointing?.addEntry(bytes)
    this.#judging = new Judging({ ...options, generations, ticks: this.#ticks, counts, addEntry })
    this.#rules = new RuleChanges({ ...options, bounds, generations, tell: this.#judging.tell, send })
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
    return this.#isLive && !this.#hasEnded && this.#rules.areDone
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
    const { partition, name, newHashKey, memoryBytesMax, hasSnapshots = false } = this.#options
    const generations = this.#generations
    const judging = this.#judging
    const rules = this.#rules
    const recovered = yield* recover(claim, rules.generation.bind(rules), hasSnapshots)
    this.#out.push(...recovered.notices.map((text) => ({ kind: 'notice', text }) as const))
    const maker = `${name} ${newHashKey}`
    const checkpointing = new Checkpointing({ ...recovered, partition, maker, bounds: this.#bounds })
    this.#checkpointing = checkpointing
    this.#epoch = recovered.epoch
    this.#position = this.#committedPosition = recovered.position
    this.#tailDigest = recovered.tailDigest
    generations.restore(recovered.generations, recovered.dropped)
    rules.recovered(recovered)
    this.#ticks.movedAt = this.#ticks.recordAt = recovered.movedAt
    this.#out.push(...checkpointing.offer())
    for (;;) {
      const { block } = expectInput(
        'records',
        yield {
          kind: 'read',
          from: this.#position + 1,
          bytesMax: this.#bounds.readBytesMax,
          waits: true,
          isNext: true,
        },
      )
      for (let i = 0; i < block.length; ) {
        yield* makeRoom(generations, checkpointing, memoryBytesMax)
        const end = endOfEvents(block, i)
        if (end > i) yield* judging.apply(generations.newest ?? (yield* rules.begin(block.offsets[i])), block, i, end)
        else yield* this.#applyOwn(block, i, checkpointing)
        i = Math.max(end, i + 1)
        this.#position = block.offsets[i - 1]
        this.#tailDigest = recordDigest(block, i - 1)
        this.#ticks.recordAt = block.receivedAt[i - 1]
        const judged = judging.takeJudged()
        if (judged.length > 0) this.#out.push({ kind: 'judged', judged })
      }
    }
  }

  *#applyOwn(block: LogBlock, i: number, checkpointing: Checkpointing): Steps<void> {
    const offset = block.offsets[i]
    switch (recordKinds[block.kinds[i]]) {
      case 'claim':
        if (offset > this.#epoch) throw claimedLater(offset)
        if (offset < this.#epoch) return
        this.#isLive = true
        this.#rules.ask(this.now)
        return
      case 'tick':
        this.#judging.begin(block, i)
        return yield* this.#tick(
          decodeTick(block.bytes.subarray(block.starts[i], block.ends[i])),
          block.receivedAt[i],
          checkpointing,
        )
      case 'ruleset':
        this.#judging.begin(block, i)
        if ((yield* this.#rules.follow(block, i, { now: this.now, checkpointing })) && this.#isLive)
          this.#rules.ask(this.now)
        return
      default:
        throw new OwnerFailed(
          'unknown-record',
          `the record at ${offset} was written by a later version; start that again`,
        )
    }
  }

  *#tick(at: number, receivedAt: number, checkpointing: Checkpointing): Steps<void> {
    this.#ticks.met()
    const { newest } = this.#generations
    const { latenessMs, memoryBytesMax } = this.#options
    if (newest === undefined || at <= newest.engine.now) return
    for (let due = newest.due(at); due.actors.length > 0; due = newest.due(at)) {
      yield* load(newest, due.actors)
      // Time stops at deadlines only, so that it makes no difference in how many steps it comes.
      newest.engine.advance(due.upTo)
      yield* makeRoom(this.#generations, checkpointing, memoryBytesMax)
    }
    newest.engine.advance(at)
    this.#ticks.movedAt = receivedAt
    this.#generations.dropOld(latenessMs)
  }

  #tickIfIdle(now: number): void {
    const { newest } = this.#generations
    if (!this.isReady || newest === undefined || this.#isStopping) return
    const tick = this.#ticks.takeDue(now, newest)
    if (tick !== undefined) this.#out.push(tick)
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
      movedAt: this.#ticks.movedAt,
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
