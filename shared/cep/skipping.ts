import type { Automaton } from './automaton.ts'
import type { Draft } from './draft.ts'
import type { Fuel } from './fuel.ts'
import type { Nodes } from './nodes.ts'
import type { Records } from './records.ts'
import {
  recordFirstAt,
  recordNode,
  recordNumber,
  recordSecondAt,
  recordStart,
  recordState,
  recordWords,
} from './run-layout.ts'

/** What becomes of a match or run; the `state` of the records in which outcomes are noted. */
export const outcomeMatched = 0
export const outcomeRaised = 1
export const outcomeStands = 2
export const outcomeWithdrawn = 3
const outcomeMissed = 4
export const outcomeMissedRaised = 5
export const outcomeTimedOut = 6
/** Added for a match that was found before. */
export const outcomeAgain = 8

/** Below all positions less one. */
const nothing = -2
const missing = -3

/**
 * Decides which finished matches are final, in the order of their starts, and what each of them skips.
 *
 * K1 Without a strategy all are final at once. With one, a match waits while a run that started before it is open.
 * K2 Runs and waiting matches are sorted by their start, and a match skips those that started up to some position: a beginning
 *    of each list.
 */
export class Skipping {
  refusedHolding = 0
  private readonly automaton: Automaton
  private readonly nodes: Nodes
  private readonly fuel: Fuel
  private readonly heldMax: number

  constructor(given: { automaton: Automaton; nodes: Nodes; fuel: Fuel; heldMax: number }) {
    this.automaton = given.automaton
    this.nodes = given.nodes
    this.fuel = given.fuel
    this.heldMax = given.heldMax
  }

  /** Moves what is decided from the draft's matches to the outcomes, and takes what is skipped out of the draft. */
  decide(draft: Draft, outcomes: Records): void {
    const { runs, held } = draft
    const isSkipping = this.automaton.skip !== 'none'
    this.refusedHolding = 0
    // Each match is copied, looked at and decided on or kept.
    this.fuel.use(held.length)
    held.sortByStart(this.fuel)
    while (draft.heldFrom < held.length) {
      const start = startOf(held, draft.heldFrom)
      if (isSkipping && draft.runsFrom < runs.length && startOf(runs, draft.runsFrom) < start) break
      this.settle(draft, outcomes)
    }
    this.hold(draft, outcomes)
  }

  /** The oldest match is final, unless it lacks the step to skip to. */
  private settle(draft: Draft, outcomes: Records): void {
    const { runs, held } = draft
    const index = draft.heldFrom++
    const wasRaised = held.U[index * recordWords + recordNumber] !== 0
    const upTo = this.skippedUpTo(held.U[index * recordWords + recordNode], startOf(held, index))
    if (upTo === missing) {
      note(outcomes, wasRaised ? outcomeMissedRaised : outcomeMissed, held, index)
      return
    }
    note(outcomes, wasRaised ? outcomeStands : outcomeMatched, held, index)
    while (draft.runsFrom < runs.length && startOf(runs, draft.runsFrom) <= upTo) draft.runsFrom++
    while (draft.heldFrom < held.length && startOf(held, draft.heldFrom) <= upTo) {
      if (held.U[draft.heldFrom * recordWords + recordNumber] !== 0)
        note(outcomes, outcomeWithdrawn, held, draft.heldFrom)
      draft.heldFrom++
    }
  }

  /** Position up to which starts are skipped; `nothing`; or `missing`, which is a fault. */
  private skippedUpTo(node: number, start: number): number {
    const { skip, skipMissIsError } = this.automaton
    if (skip === 'none') return nothing
    if (skip === 'next') return start
    if (skip === 'past-last') return this.nodes.position(node)
    const target = this.target(node, skip === 'to-first')
    if (target < 0) return skipMissIsError ? missing : nothing
    return target === start && skipMissIsError ? missing : target - 1
  }

  private target(last: number, isFirst: boolean): number {
    const { nodes } = this
    for (let node = last; node !== 0; node = nodes.parent(node)) {
      this.fuel.use(1)
      if (nodes.step(node) === this.automaton.skipStep && (!isFirst || nodes.count(node) === 1))
        return nodes.position(node)
    }
    return -1
  }

  /** The matches that wait are raised once. Past the bound they are let go: better an alert too many than one too few. */
  private hold(draft: Draft, outcomes: Records): void {
    const { held } = draft
    for (let index = draft.heldFrom; index < held.length; index++) {
      const word = index * recordWords + recordNumber
      const isNew = held.U[word] === 0
      if (index - draft.heldFrom >= this.heldMax) {
        this.refusedHolding++
        note(outcomes, isNew ? outcomeMatched : outcomeStands, held, index)
      } else if (isNew) {
        held.U[word] = draft.nextNumber++
        note(outcomes, outcomeRaised, held, index)
      }
    }
    held.length = Math.min(held.length, draft.heldFrom + this.heldMax)
  }
}

function startOf(records: Records, index: number): number {
  return records.U[index * recordWords + recordStart]
}

function note(outcomes: Records, outcome: number, held: Records, index: number): void {
  const { U, F } = held
  const word = index * recordWords
  const half = word / 2
  outcomes.push(
    outcome + U[word + recordState] * outcomeAgain,
    U[word + recordNode],
    U[word + recordStart],
    U[word + recordNumber],
    F[half + recordFirstAt],
    F[half + recordSecondAt],
  )
}
