import type { BankClient } from './bank-client.ts'

/**
 * Every decision is asked for again: the first one, with what came later.
 * @returns the answers by row, and in words where the first one is another now
 */
export async function decideAgain(
  client: BankClient,
): Promise<{ readonly answers: ReadonlyMap<number, string>; readonly wrongs: readonly string[] }> {
  const answers = new Map<number, string>()
  const wrongs: string[] = []
  for (const [row, first] of client.decisions) {
    const answer = await client.decide(row)
    const { amendments, ...again } = JSON.parse(answer)
    if (JSON.stringify(again) !== JSON.stringify(JSON.parse(first)))
      wrongs.push(`the decision on row ${row} was ${first} and is ${answer}`)
    answers.set(row, answer)
  }
  return { answers, wrongs }
}
