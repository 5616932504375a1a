/**
 * What must hold for an edge of the automaton: all clauses, of each clause at least one literal. A literal is the number of a
 * condition plus one, negated for "does not hold". No clause: always. An empty clause: never.
 */
export type Guard = readonly Clause[]
export type Clause = readonly number[]

export const always: Guard = []

/** The guard of a condition of the pattern; -1 stands for every event. */
export function guardOf(condition: number): Guard {
  return condition < 0 ? always : [[condition + 1]]
}

/** In this order: what comes first is judged first, and the rest only if it holds. */
export function both(first: Guard, second: Guard): Guard {
  return [...first, ...second]
}

/** Defined where every clause is one literal, as all guards of steps are. */
export function not(guard: Guard): Guard {
  return [
    guard.map((clause) => {
      if (clause.length !== 1) throw new Error('cep: a guard of alternatives is never negated')
      return -clause[0]
    }),
  ]
}

/**
 * The same guard without what follows from its other parts, or null if it can never hold. The paths through the automaton
 * repeat themselves a lot; this is what makes the usual edge cost one test.
 */
export function simplified(guard: Guard): Guard | null {
  const units = new Set(guard.filter((clause) => clause.length === 1).map((clause) => clause[0]))
  const kept: Clause[] = []
  const seen = new Set<string>()
  for (const clause of guard) {
    const open = clause.length === 1 ? clause : clause.filter((literal) => !units.has(-literal))
    if (open.length === 0 || (open.length === 1 && units.has(-open[0]))) return null
    const isImplied = clause.length > 1 && clause.some((literal) => units.has(literal) || clause.includes(-literal))
    const name = open.join()
    if (isImplied || seen.has(name)) continue
    seen.add(name)
    kept.push(open)
  }
  return kept
}
