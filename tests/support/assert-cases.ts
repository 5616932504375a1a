// Runs a property on random cases; a failure is shrunk and told in words for people instead of as a value.
import fc from 'fast-check'

export interface CasesCheck<T> {
  readonly cases: number
  /** Throws where something is wrong. */
  readonly check: (given: T) => void
  /** What a person needs to see of a case that fails, beside the error. */
  readonly describe: (given: T) => string
}

export function assertCases<T>(arbitrary: fc.Arbitrary<T>, { cases, check, describe }: CasesCheck<T>): void {
  fc.assert(fc.property(arbitrary, check), {
    numRuns: cases,
    reporter: (found) => {
      if (!found.failed) return
      const { seed, numRuns, numShrinks, counterexample, counterexamplePath: path, errorInstance: cause } = found
      if (counterexample === null) throw new Error('too few random values make a case')
      const where = `case ${numRuns}, made smaller ${numShrinks} times (seed ${seed}, path "${path}")`
      throw new Error(`${where}:\n${describe(counterexample[0])}\n${cause instanceof Error ? cause.message : cause}`, {
        cause,
      })
    },
  })
}

/** As many as VIGIL_TEST_CASES says, for the long run, or else a few. */
export const casesOr = (few: number): number => Number(process.env['VIGIL_TEST_CASES'] ?? few)
