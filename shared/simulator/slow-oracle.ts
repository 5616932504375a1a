import { oracle } from '#shared/cep/oracle/oracle'
import type { Pattern, Step } from '#shared/cep/pattern'
import { compareEvents } from '#shared/domain/event-order'
import { decodeTick } from '#shared/protocol/tick-record'
import { decodePayment, isBad, type Payment } from './row.ts'
import type { VirtualRecord } from './virtual-log.ts'

/** An alert that stands: the rule, the key, and the events by step. */
export const placeName = (rule: string, key: string, found: readonly (readonly string[])[]): string =>
  `${rule} ${key} ${JSON.stringify(found)}`

/**
 * Which alerts of `world-rules.ts` should stand, worked out from the records without any of the engine: the distinct events of each account
 * in order, less those that came too late; windows by looking at all of them, patterns by the slow oracle.
 * @param names rules, of those that the oracle knows
 * @returns undefined: patterns have too many runs for it
 */
export function standingAlerts(
  records: readonly VirtualRecord[],
  options: { readonly names: readonly string[]; readonly latenessMs: number },
): ReadonlySet<string> | undefined {
  const { accounts, now } = sortedAccounts(records, options.latenessMs)
  const standing = new Set<string>()
  for (const [account, payments] of accounts) {
    for (const name of options.names) {
      const found = finders[name](payments, now)
      if (found === undefined) return undefined
      for (const steps of found) standing.add(placeName(name, account, steps))
    }
  }
  return standing
}

/** Events by step, of each alert. */
type Found = readonly (readonly (readonly string[])[])[]

function sortedAccounts(
  records: readonly VirtualRecord[],
  latenessMs: number,
): { readonly accounts: ReadonlyMap<string, readonly Payment[]>; readonly now: number } {
  const accounts = new Map<string, Payment[]>()
  const ids = new Set<string>()
  let now = Number.NEGATIVE_INFINITY
  for (const { kind, body } of records) {
    if (kind === 'tick') now = Math.max(now, decodeTick(body))
    if (kind !== 'event' && kind !== 'decide') continue
    const payment = decodePayment(body)
    const known = accounts.get(payment.account) ?? []
    accounts.set(payment.account, known)
    if (ids.has(payment.id) || isBad(payment)) continue
    now = Math.max(now, payment.at)
    if (payment.at <= Math.max(...known.map(({ at }) => at)) - latenessMs) continue
    ids.add(payment.id)
    known.push(payment)
  }
  for (const payments of accounts.values()) payments.sort(compareEvents)
  return { accounts, now }
}

const finders: Readonly<Record<string, (payments: readonly Payment[], now: number) => Found | undefined>> = {
  burst: (payments) =>
    payments.flatMap(({ id, at }, i) => {
      const window = payments.slice(0, i + 1).filter((other) => other.at > at - 20_000)
      const spent = window.filter(({ kind }) => kind !== 'c').reduce((sum, { amount }) => sum + amount, 0)
      return window.length >= 3 && spent > 100 ? [[[id]]] : []
    }),
  'probe-strike': matches(
    {
      steps: [{ ...step('probe', 'begin', 0), times: { from: 2, to: null } }, step('strike', 'followedBy', 1)],
      withinMs: 30_000,
      skip: { strategy: 'past-last' },
    },
    [({ kind }) => kind === 'a', ({ kind, amount }) => kind === 'b' && amount > 30],
  ),
  silence: matches(
    {
      steps: [step('ask', 'begin', 0), step('answer', 'notFollowedBy', 1)],
      withinMs: 6_000,
      skip: { strategy: 'none' },
    },
    [({ kind, amount }) => kind === 'a' && amount > 40, ({ kind }) => kind === 'b'],
  ),
}

export const oracleRules: ReadonlySet<string> = new Set(Object.keys(finders))

function step(name: string, contiguity: Step['contiguity'], where: number): Step {
  return {
    ...{ kind: 'step', name, contiguity, where, times: null, inner: 'relaxed', optional: false },
    ...{ greedy: false, until: -1, gapMs: null, withinMs: null },
  }
}

function matches(pattern: Pattern, conditions: readonly ((payment: Payment) => boolean)[]) {
  return (payments: readonly Payment[], now: number): Found | undefined => {
    const ats = payments.map(({ at }) => at)
    const answer = oracle(pattern, ats, now, (condition, event) => conditions[condition](payments[event]))
    if (answer === null) return undefined
    const standing = new Map<string, readonly (readonly string[])[]>()
    for (const { what, taken } of answer.reports.flat()) {
      const steps = pattern.steps.map((_, number) =>
        taken.filter((one) => one.step === number).map(({ event }) => payments[event].id),
      )
      const name = JSON.stringify(steps)
      if (what === 'matched' || what === 'raised') standing.set(name, steps)
      else if (what === 'withdrawn') standing.delete(name)
    }
    return [...standing.values()]
  }
}
