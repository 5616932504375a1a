import { hash52 } from '#shared/domain/hash52'
import { RuleFault } from '#shared/domain/rule-fault'
import type { Fallible } from '#shared/features/plan'
import type { PopulationPlan } from '#shared/features/plan-population'
import type { Arena } from '#shared/memory/arena'
import { storeText } from '#shared/memory/text'
import { mayFault } from '#shared/rule-language/analysis'
import { collectionClosure, type Leaves, numberClosure, textClosure } from '#shared/rule-language/evaluate'
import type { Expression } from '#shared/rule-language/expression'
import type { NamedList } from '#shared/rule-language/rule-set'
import { type EventView, eventLeaves } from './event-view.ts'
import type { Registers } from './registers.ts'

interface RecordMakerOptions {
  readonly plan: PopulationPlan
  readonly view: EventView
  readonly lists: readonly NamedList[]
  readonly arena: Arena
  readonly registers: Registers
  readonly hashKey: number
}

/**
 * Turns the event in the view into bits and columns: all that an actor keeps of it. The only place where a rule set's event-only
 * expressions are judged, once per event and actor.
 */
export class RecordMaker {
  readonly #view: EventView
  readonly #arena: Arena
  readonly #predicates: readonly ((type: number) => boolean)[]
  readonly #columns: readonly (() => number)[]
  /** Bit of the fault of the part being computed is set here. */
  readonly #registers: Registers

  constructor(options: RecordMakerOptions) {
    const { plan, view, arena, hashKey } = options
    this.#registers = options.registers
    const faultOf = (part: Fallible['part'], index: number): number =>
      plan.predicates.length + plan.faults.findIndex((fault) => fault.part === part && fault.index === index)
    this.#view = view
    this.#arena = arena
    const leaves = eventLeaves(view, options.lists)
    this.#predicates = plan.predicates.map(({ types, conditions, present }, i) => {
      const closures = conditions.map((condition) => numberClosure(condition, leaves))
      const isPresent = present === undefined ? () => true : presenceOf(present, leaves)
      const holds = (type: number): boolean => {
        if (types !== undefined && !types.has(type)) return false
        for (const closure of closures) if (closure() !== 1) return false
        return isPresent()
      }
      const fallible = [...conditions, ...(present === undefined ? [] : [present])].some(mayFault)
      return fallible ? this.#guarded(holds, false, faultOf('predicate', i)) : holds
    })
    this.#columns = plan.columns.map((column, i) => {
      if (column.kind === 'feature') return () => Number.NaN
      const read = this.#columnReader(column.kind, column.of, leaves, hashKey)
      return mayFault(column.of) ? this.#guarded(read, Number.NaN, faultOf('column', i)) : read
    })
  }

  /** Fills bits and columns. Texts are stored: from here on their blocks belong to the record. */
  make(type: number): void {
    const registers = this.#registers
    registers.at = this.#view.batch.at[this.#view.row]
    registers.key = this.#view.key
    registers.X.fill(0)
    for (let i = 0; i < this.#predicates.length; i++) if (this.#predicates[i](type)) registers.setBit(i)
    for (let i = 0; i < this.#columns.length; i++) registers.R[i] = this.#columns[i]()
  }

  #columnReader(kind: 'number' | 'hash' | 'text', of: Expression, leaves: Leaves, hashKey: number): () => number {
    if (kind === 'number') return numberClosure(of, leaves)
    const text = textClosure(of, leaves)
    if (kind === 'hash')
      return () => {
        const value = text()
        return value === undefined ? Number.NaN : hash52(value, hashKey)
      }
    return () => {
      const value = text()
      return value === undefined ? 0 : storeText(this.#arena, value)
    }
  }

  #guarded<A extends unknown[], T>(compute: (...args: A) => T, onFault: T, faultBit: number): (...args: A) => T {
    return (...args) => {
      try {
        return compute(...args)
      } catch (fault) {
        if (!(fault instanceof RuleFault)) throw fault
        this.#registers.setBit(faultBit)
        return onFault
      }
    }
  }
}

function presenceOf(e: Expression, leaves: Leaves): () => boolean {
  if (e.type.kind === 'string') {
    const text = textClosure(e, leaves)
    return () => text() !== undefined
  }
  if (e.type.kind === 'list' || e.type.kind === 'map') {
    const collection = collectionClosure(e, leaves)
    return () => collection() !== undefined
  }
  const number = numberClosure(e, leaves)
  return () => {
    const value = number()
    return !Number.isNaN(value)
  }
}
