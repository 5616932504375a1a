import type { Automaton } from './automaton.ts'
import { rowStops, rowTakes } from './automaton.ts'
import { Chain } from './chain.ts'
import type { Draft } from './draft.ts'
import type { Fuel } from './fuel.ts'
import { GuardCheck } from './guard-check.ts'
import type { Judge } from './judge.ts'
import { operationsPerRun } from './operations.ts'
import type { RunBlocks } from './run-blocks.ts'
import {
  recordFirstAt,
  recordNode,
  recordNumber,
  recordSecondAt,
  recordStart,
  recordState,
  recordWords,
} from './run-layout.ts'

/**
 * What one event does to the runs: each goes on, branches, ends, completes a match or stays as it is, and new ones begin. The
 * result is a draft; the block is only read. While no run changes not even the draft is touched, which is the usual case.
 *
 * B1 What comes of a run stands in its place and in the order of the rows, so runs and matches stay sorted by their start.
 * B2 A forbidden event discards what the run would have become at this event, but not a match that it completes.
 * B3 A run's first continuation is always allowed; further ones and new runs only while there are less than `runsMax`, counting
 *    the runs not yet judged. Runs are judged oldest first, so what is refused is a function of state and event.
 */
export class Branching {
  readonly chain: Chain
  refusedRuns = 0
  refusedEvents = 0
  private readonly automaton: Automaton
  private readonly tests: GuardCheck
  private readonly blocks: RunBlocks
  private readonly draft: Draft
  private readonly fuel: Fuel
  private readonly operationsPerRun: number
  private readonly runsMax: number
  private readonly eventsMax: number

  private handle = 0
  private position = 0
  private at = 0
  /** True once the draft holds all that was judged so far. */
  private hasChanged = false
  /** Runs in the block that come after the one being judged. */
  private runsToJudge = 0
  /** Where in the draft the continuations of the run being judged begin. */
  private from = 0

  constructor(given: {
    automaton: Automaton
    judge: Judge
    blocks: RunBlocks
    draft: Draft
    fuel: Fuel
    runsMax: number
    eventsMax: number
  }) {
    this.automaton = given.automaton
    this.blocks = given.blocks
    this.draft = given.draft
    this.fuel = given.fuel
    this.operationsPerRun = operationsPerRun(given.automaton)
    this.runsMax = given.runsMax
    this.eventsMax = given.eventsMax
    this.chain = new Chain(given.blocks.arena, given.fuel)
    this.tests = new GuardCheck(given.automaton, given.judge)
  }

  /** @returns false if the event changes nothing; the draft then means nothing. Throws what the judge throws, and out of fuel. */
  event(handle: number, position: number, at: number): boolean {
    this.handle = handle
    this.position = position
    this.at = at
    this.hasChanged = false
    this.refusedRuns = 0
    this.refusedEvents = 0
    this.tests.nextEvent()
    const runs = this.blocks.runs(handle)
    // At once for all, and for a new one: counting in the loop below would cost as much as the loop.
    this.fuel.use((runs + 1) * this.operationsPerRun)
    const first = runs === 0 ? 0 : this.blocks.record(handle, 0)
    for (let index = 0; index < runs; index++) {
      this.runsToJudge = runs - 1 - index
      this.run(index, first - index * recordWords)
    }
    this.runsToJudge = 0
    this.begin(runs)
    return this.hasChanged
  }

  /** @param word where the run's record starts */
  private run(index: number, word: number): void {
    const { automaton, tests } = this
    const { rowsFrom, rows } = automaton
    const { U, F } = this.blocks.arena
    const state = U[word + recordState]
    const node = U[word + recordNode]
    const firstAt = F[word / 2 + recordFirstAt]
    this.chain.aim(this.handle, node)
    tests.nextRun()
    this.from = this.draft.runs.length
    let stays = false
    let isStopped = false
    for (let row = rowsFrom[state]; row < rowsFrom[state + 1]; row++) {
      if (!tests.holds(rows.guardFrom[row], rows.guardTo[row])) continue
      const action = rows.action[row]
      if (action === rowStops) {
        isStopped = true
        continue
      }
      if (action !== rowTakes && rows.target[row] === state && !this.hasChanged) {
        stays = true
        continue
      }
      this.change(index, stays)
      stays = false
      const start = U[word + recordStart]
      if (action === rowTakes) this.take(row, node, start, firstAt)
      else this.pass(row, node, start, U[word + recordNumber], firstAt, F[word / 2 + recordSecondAt])
    }
    if (stays && !isStopped) return
    this.change(index, false)
    if (isStopped) this.draft.runs.length = this.from
  }

  /** New runs. A forbidden event begins none, but never keeps later ones from beginning. */
  private begin(runs: number): void {
    const { automaton, tests, draft } = this
    const { rowsFrom, rows } = automaton
    this.chain.aim(this.handle, 0)
    tests.nextRun()
    this.from = -1
    let isStopped = false
    for (let row = 0; row < rowsFrom[1]; row++) {
      if (!tests.holds(rows.guardFrom[row], rows.guardTo[row])) continue
      if (rows.action[row] === rowStops) {
        isStopped = true
        continue
      }
      const isFull = (this.hasChanged ? draft.runs.length : runs) >= this.runsMax
      if (isFull && rows.endsFrom[row] === rows.endsTo[row]) {
        this.refusedRuns++
        continue
      }
      this.change(runs, false)
      if (this.from < 0) this.from = draft.runs.length
      this.take(row, 0, this.position, this.at)
    }
    if (isStopped && this.from >= 0) draft.runs.length = this.from
  }

  /** Makes sure that the draft holds the runs before `index`, and the run itself if it `stays`. */
  private change(index: number, stays: boolean): void {
    if (!this.hasChanged) {
      this.hasChanged = true
      this.blocks.begin(this.handle, this.draft)
      this.blocks.takeRuns(this.handle, 0, index, this.draft)
      if (this.from >= 0) this.from = index
    }
    if (stays) this.blocks.takeRuns(this.handle, index, index + 1, this.draft)
  }

  private take(row: number, parent: number, start: number, firstAt: number): void {
    const { draft } = this
    const { rows } = this.automaton
    if (draft.nodesBefore + draft.nodesAdded >= this.eventsMax) {
      this.refusedEvents++
      return
    }
    const step = rows.step[row]
    const node = draft.addNode(this.position, parent, step, this.chain.count(step) + 1)
    this.open(rows.target[row], node, start, 0, firstAt, this.at)
    this.complete(row, node, start, 0, firstAt, this.at)
  }

  private pass(row: number, node: number, start: number, found: number, firstAt: number, lastAt: number): void {
    this.open(this.automaton.rows.target[row], node, start, found, firstAt, lastAt)
    this.complete(row, node, start, found, firstAt, lastAt)
  }

  /** @param found 1: what the run has taken was found as a match */
  private open(target: number, node: number, start: number, found: number, firstAt: number, lastAt: number): void {
    if (target === 0) return
    const { runs } = this.draft
    const isFirst = runs.length === this.from && start !== this.position
    if (!isFirst && runs.length + this.runsToJudge >= this.runsMax) this.refusedRuns++
    else runs.push(target, node, start, found, firstAt, lastAt)
  }

  private complete(row: number, node: number, start: number, found: number, firstAt: number, lastAt: number): void {
    const { rows, endFrom } = this.automaton
    for (let end = rows.endsFrom[row]; end < rows.endsTo[row]; end++) {
      if (!this.tests.holds(endFrom[end], endFrom[end + 1])) continue
      this.draft.held.push(found, node, start, 0, firstAt, lastAt)
      return
    }
  }
}
