import type { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import { invariant } from '#shared/domain/invariant'
import type { Problem } from '#shared/domain/problem'
import { coerceValue } from './coerce-value.ts'
import { EventDecoder } from './event-decoder.ts'
import type { Leaf } from './event-plan.ts'
import type { MapExpression, Row } from './row-shape.ts'

/** A field that a map gives: one that the type declares, or `id` or `at`. */
export type MapTarget = Pick<Leaf, 'path' | 'type' | 'isRequired' | 'isKey'>

/** One map of a MAP, ready to run. */
export interface MapPlan {
  /** Name of the event type. */
  readonly type: string
  readonly when: MapExpression | undefined
  readonly fields: readonly { readonly target: MapTarget; readonly evaluate: MapExpression }[]
}

type Members = Record<string, unknown>

interface Slot {
  readonly target: MapTarget
  readonly evaluate: MapExpression
  /** Where in the row's object the value goes. */
  readonly owner: Members
  readonly name: string
}

/** The object that a map fills for each row, the same one every time. */
interface Form {
  readonly when: MapExpression | undefined
  readonly object: Members
  readonly slots: readonly Slot[]
}

/** Stands for a value that could not be computed; no type is read from a symbol. */
const failed = Symbol('failed')

/**
 * Turns rows with columns of their own into events: the first map that fits computes the object that a JSON row would have held,
 * and from there on both go the same way, with the same checks and the same digest.
 */
export class MapDecoder {
  readonly #forms: readonly Form[]
  readonly #decoder: EventDecoder
  readonly #failures = new Map<string, string>()
  #last: Form | undefined

  constructor(schema: EventSchema, plans: readonly MapPlan[]) {
    this.#forms = plans.map(formOf)
    this.#decoder = new EventDecoder(schema)
  }

  /** Appends the row's event to the batch, or says what is wrong with it. Never throws on account of the row. */
  decode(row: Row, batch: EventBatch, line: number): Problem | undefined {
    if (this.#failures.size > 0) this.#failures.clear()
    const form = this.#choose(row, line)
    if (form === undefined) return this.#noneFits()
    const { slots } = form
    for (let s = 0; s < slots.length; s++) {
      const slot = slots[s]
      slot.owner[slot.name] = this.#value(slot, row, line)
    }
    this.#last = form
    const problem = this.#decoder.decodeParsed(form.object, batch, line, true)
    if (problem?.reason !== 'bad-value' || problem.field === undefined) return problem
    const failure = this.#failures.get(problem.field)
    return failure === undefined ? problem : { ...problem, message: `cannot be computed: ${failure}` }
  }

  /** The event that `decode` appended last, as the JSON row that would have been the same: for a log, which holds Vigil's own JSON. */
  lastEvent(): string {
    invariant(this.#last !== undefined, 'no row was decoded')
    return JSON.stringify(this.#last.object)
  }

  #choose(row: Row, line: number): Form | undefined {
    for (let f = 0; f < this.#forms.length; f++) {
      const { when } = this.#forms[f]
      if (when === undefined) return this.#forms[f]
      try {
        const fits = when(row, line)
        if (fits === true) return this.#forms[f]
        if (fits !== false) this.#failures.set(`when of map ${f + 1}`, 'it gives neither true nor false')
      } catch (error) {
        this.#failures.set(`when of map ${f + 1}`, reasonOf(error))
      }
    }
    return undefined
  }

  #value({ target, evaluate }: Slot, row: Row, line: number): unknown {
    try {
      const value = coerceValue(evaluate(row, line), target.type)
      // CSV has no other way to say that there is no terminal, and an empty key names no actor.
      return value === '' && target.isKey && !target.isRequired ? undefined : value
    } catch (error) {
      this.#failures.set(target.path, reasonOf(error))
      return failed
    }
  }

  #noneFits(): Problem {
    const why = [...this.#failures].map(([what, reason]) => `; ${what} cannot be computed: ${reason}`)
    return { reason: 'unknown-type', message: `no map fits the row${why.join('')}` }
  }
}

function formOf({ type, when, fields }: MapPlan): Form {
  const object: Members = emptyObject()
  object['type'] = type
  const slots = fields.map(({ target, evaluate }): Slot => {
    const names = target.path.split('.')
    const name = names.pop() ?? ''
    let owner = object
    for (const outer of names) {
      owner[outer] ??= emptyObject()
      owner = owner[outer] as Members
    }
    owner[name] = undefined
    return { target, evaluate, owner, name }
  })
  return { when, object, slots }
}

/** Without a prototype, so that a field named `__proto__` is a field. */
const emptyObject = (): Members => Object.create(null)

/** CEL's errors draw the expression into their message and keep the reason beside it. */
function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'summary' in error) return String(error.summary)
  return error instanceof Error ? error.message : String(error)
}
