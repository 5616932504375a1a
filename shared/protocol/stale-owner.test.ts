// What an owner must survive and a single memory store cannot show: another owner, a store that goes back, a log that loses records.
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '#shared/domain/digest'
import { outboxEntries } from '#shared/simulator/outbox-record'
import { encodePayment, type Payment, PaymentDecoder } from '#shared/simulator/row'
import { VirtualCheckpointStore } from '#shared/simulator/virtual-checkpoint-store'
import { VirtualLog } from '#shared/simulator/virtual-log'
import { timelessDigest } from './applied-record.ts'
import type { CommitResult, Manifest } from './commit.ts'
import type { Judged, OwnerCommand, OwnerInput } from './owner-io.ts'
import { PartitionOwner } from './partition-owner.ts'

const latenessMs = 10_000
const start = 1_800_000_000_000

const rules = (score: number): ReadonlyMap<string, string> =>
  new Map([
    [
      'events.yaml',
      'events:\n  payment:\n    fields: { account: string, amount: int }\n    keys: { account: account }\n',
    ],
    [
      'burst.rule.yaml',
      `rule: burst\non: payment\nscore: ${score}\nseverity: high\nfeatures: { n: { count: all, over: 1m } }\nwhen: n >= 2\n`,
    ],
  ])

/** Owners on one log and one store; each command is executed at once, unless it is held up. */
class Bench {
  readonly log = new VirtualLog()
  readonly store = new VirtualCheckpointStore()
  readonly results: CommitResult[] = []
  readonly told: string[] = []
  now = start
  starts = 0

  pay(id: string, more: Partial<Payment> = {}): number {
    this.now += 1_000
    const payment = { id, at: this.now, account: 'A', card: '', amount: 10, kind: 'a', ...more }
    const appended = this.log.appendEvent('decide', id, encodePayment(payment), this.now)
    return appended === 'conflict' ? 0 : appended.offset
  }

  owner(ruleFiles = rules(50)): BenchOwner {
    return new BenchOwner(this, ruleFiles)
  }
}

class BenchOwner {
  readonly judged: Judged[] = []
  halted: string | undefined
  readonly #bench: Bench
  readonly #owner: PartitionOwner
  #todo: OwnerCommand[] = []

  constructor(bench: Bench, ruleFiles: ReadonlyMap<string, string>) {
    this.#bench = bench
    this.#owner = new PartitionOwner({
      ...{
        partition: 0,
        name: 'owner',
        ruleFiles,
        newHashKey: ++bench.starts,
        latenessMs,
        tenant: 'bank',
        memoryBytesMax: 4_096,
      },
      ...{ sha256Hex, decoderOf: (schema) => new PaymentDecoder(schema), entries: outboxEntries },
    })
    this.tell({ kind: 'start' })
  }

  /** Reads and executes all there is to do, then commits. */
  settle(recordsMax = 100): void {
    for (let turns = 0; turns < 8; turns++) {
      this.run(Number.POSITIVE_INFINITY, recordsMax)
      this.tell({ kind: 'clock', now: this.#bench.now })
    }
    this.run()
  }

  /** @param readsTo records behind this offset are not there for it */
  run(readsTo = Number.POSITIVE_INFINITY, recordsMax = 100): void {
    const later: OwnerCommand[] = []
    for (let command = this.#todo.shift(); command !== undefined; command = this.#todo.shift()) {
      const answer = this.#execute(command, Math.min(recordsMax, readsTo - ('from' in command ? command.from : 0) + 1))
      if (answer === 'waits') later.push(command)
      else if (answer !== undefined) this.tell(answer)
    }
    this.#todo.push(...later)
  }

  get isReady(): boolean {
    return this.#owner.isReady
  }

  /** Ids of commits that are to be made. */
  get commits(): readonly string[] {
    return this.#todo.flatMap((command) => (command.kind === 'commit' ? [command.commit.id] : []))
  }

  tell(input: OwnerInput): void {
    this.#todo.push(...this.#owner.handle(input))
  }

  #execute(command: OwnerCommand, recordsMax: number): OwnerInput | 'waits' | undefined {
    const { log, store, results, told, now } = this.#bench
    const { lastCommit } = store
    switch (command.kind) {
      case 'append': {
        const { kind, body } = command.record
        return { kind: 'appended', record: kind, offset: log.appendOwn(kind, body, now) }
      }
      case 'claim':
        return { kind: 'claimed', result: store.claim(command.epoch) }
      case 'bounds':
        return { kind: 'bounds', ...log.bounds }
      case 'read': {
        const block = log.read(command.from, recordsMax)
        return block.length === 0 && command.waits ? 'waits' : { kind: 'records', block }
      }
      case 'marked':
        return { kind: 'marked', actors: store.marked(command.generation), lastCommit }
      case 'load':
        return { kind: 'loaded', actors: store.load(command.generation, command.names), lastCommit }
      case 'outbox':
        return { kind: 'outbox', entries: store.outbox, lastCommit }
      case 'commit': {
        const result = store.commit(command.commit)
        results.push(result)
        return { kind: 'committed', result }
      }
      case 'offer':
        for (const { number, bytes } of command.entries) told.push(`${number} ${String.fromCharCode(...bytes)}`)
        return { kind: 'offered', upTo: command.entries[command.entries.length - 1].number }
      case 'judged':
        this.judged.push(...command.judged)
        return undefined
      case 'halt':
        this.halted = command.failure.reason
        return undefined
      case 'later':
        return { kind: 'later' }
      default:
        return undefined
    }
  }
}

describe('an owner whose actors have left memory', () => {
  it('judges nothing by what another owner has left in the store (O6)', () => {
    const bench = new Bench()
    const slow = bench.owner()
    slow.settle()
    bench.pay('e1')
    slow.settle()
    const offset = bench.pay('e2')
    bench.owner().settle()
    expect(bench.store.position).toBeGreaterThan(offset)
    slow.run(offset)
    expect(slow.halted).toBe('conflict')
    expect(slow.judged.map(({ id }) => id)).toEqual(['e1'])
  })

  it('judges nothing by a state of before, once the store has gone back (O6)', () => {
    const bench = new Bench()
    const owner = bench.owner()
    owner.settle()
    bench.pay('e1')
    owner.settle()
    bench.pay('e2')
    owner.settle()
    bench.store.rollBack(0.5)
    bench.pay('e3')
    owner.run()
    expect(owner.halted).toBe('conflict')
    expect(owner.judged.map(({ id }) => id)).toEqual(['e1', 'e2'])
  })
})

describe('a log that has lost its newest records', () => {
  it('gives another epoch’s place to a later owner, and its first commit takes effect all the same', () => {
    const bench = new Bench()
    const first = bench.owner()
    first.settle()
    bench.pay('e1')
    first.settle()
    // The second one commits what was there before it has come to its own claim, and dies.
    const offset = bench.pay('e2')
    const second = bench.owner()
    second.run(offset)
    second.tell({ kind: 'clock', now: bench.now })
    second.run(offset)
    expect(bench.store.position).toBe(offset)
    bench.log.loseTail(bench.log.next - 1 - offset)
    const third = bench.owner()
    third.run()
    bench.pay('e3')
    third.settle()
    expect(third.halted).toBeUndefined()
    expect(bench.results).not.toContain('already')
    const fourth = bench.owner()
    fourth.settle()
    bench.pay('e4')
    fourth.settle()
    expect(fourth.judged.at(-1)?.outcome).toBe('applied')
    expect(bench.results.every((result) => result === 'ok')).toBe(true)
  })

  it('takes no part of a commit for that of the owner whose claim was lost', () => {
    const bench = new Bench()
    bench.owner().settle()
    const ids = [1, 2].map(() => {
      const owner = bench.owner()
      owner.run()
      owner.tell({ kind: 'clock', now: bench.now })
      bench.log.loseTail(1)
      return owner.commits[0]
    })
    expect(ids[0]).toMatch(/^3-1-/)
    expect(ids[1]).toMatch(/^3-1-/)
    expect(ids[0]).not.toBe(ids[1])
  })

  it('is noticed by a claim that the store knows and the log no longer reaches', () => {
    const bench = new Bench()
    bench.owner().settle()
    bench.owner().settle()
    bench.log.loseTail(bench.log.next - 2)
    const next = bench.owner()
    next.run()
    expect(next.halted).toBe('log-regression')
  })

  it('is noticed although the last applied event has come to its place again, behind another than before', () => {
    const bench = new Bench()
    const owner = bench.owner()
    owner.settle()
    bench.pay('e1')
    const [at, last] = [bench.now, bench.pay('e2')]
    owner.settle()
    bench.log.loseTail(bench.log.next - last + 1)
    bench.pay('e3')
    expect(bench.pay('e2', { at: at + 1_000 })).toBe(last)
    const next = bench.owner()
    next.run()
    expect(next.halted).toBe('log-regression')
  })

  it('is not suspected where the checkpoint was written in format 1, without the moment of the last record', () => {
    const bench = new Bench()
    const owner = bench.owner()
    owner.settle()
    bench.pay('e1')
    owner.settle()
    const old = new (class extends VirtualCheckpointStore {
      constructor() {
        super()
        const { state } = bench.store as unknown as { state: { manifest: Manifest } }
        const { position, owner: bytes } = state.manifest
        const tailDigest = timelessDigest(bench.log.read(position, 1), 0)
        this.become({
          ...(state as never as typeof this.state),
          manifest: { ...state.manifest, tailDigest, owner: Uint8Array.of(1, ...bytes.subarray(1)) },
        })
      }
    })()
    Object.assign(bench, { store: old })
    const next = bench.owner()
    next.settle()
    expect(next.halted).toBeUndefined()
    expect(bench.results.every((result) => result === 'ok')).toBe(true)
  })
})

describe('a log that begins with events, and no rule set before them', () => {
  /** Rules whose scores decisions tell. */
  const deciding = (score: number): ReadonlyMap<string, string> => {
    const scenario = 'scenario: risk\ncombine: sum\nthresholds: { alert: 10, challenge: 55 }\n'
    const files = [...rules(score)].map(([path, text]) => [path.replace('burst', 'risk/burst'), text] as const)
    return new Map([...files, ['risk/scenario.yaml', scenario]])
  }

  it('has them judged by the rule set that it names first, by every owner (O1)', () => {
    const bench = new Bench()
    bench.pay('e1')
    bench.pay('e2')
    const first = bench.owner(deciding(50))
    first.run()
    expect(first.judged.map(({ decision }) => decision?.score)).toEqual([0, 50])
    // It dies before it has committed anything, and the next one has other rules.
    const second = bench.owner(deciding(60))
    second.settle()
    expect(second.judged).toEqual(first.judged)
    expect(second.isReady).toBe(true)
    const own = bench.log.archive.slice(2).map(({ kind }) => kind)
    expect(own).toEqual(['claim', 'ruleset', 'claim', 'ruleset'])
  })

  it('has none judged before it names one', () => {
    const bench = new Bench()
    const refused: string[] = []
    Object.assign(bench, {
      log: new (class extends VirtualLog {
        override appendOwn(...[kind, body, at]: Parameters<VirtualLog['appendOwn']>): number {
          if (kind !== 'ruleset') return super.appendOwn(kind, body, at)
          refused.push(kind)
          return this.next
        }
      })(),
    })
    bench.pay('e1')
    const owner = bench.owner()
    owner.settle()
    expect(refused).toEqual(['ruleset'])
    expect(owner.judged).toEqual([])
    expect(bench.results).toEqual([])
    bench.owner().run()
    owner.run()
    expect(owner.halted).toBe('fenced')
  })
})

describe('a change of rules', () => {
  it('leaves an event alone that is late by what came after the change', () => {
    const bench = new Bench()
    const before = bench.owner()
    before.settle()
    bench.pay('e1')
    before.settle()
    const after = bench.owner(rules(60))
    after.settle()
    const changedAt = bench.now
    bench.pay('e2', { at: changedAt + latenessMs })
    bench.pay('too-late', { at: changedAt })
    after.settle()
    expect(after.judged.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['e2', 'applied'],
      ['too-late', 'late'],
    ])
    expect(bench.told.filter((text) => text.includes('too-late'))).toHaveLength(1)
  })

  it.each([1, 100])(
    'is followed by another one, and no event between them goes unjudged (%i records at once)',
    (recordsMax) => {
      const bench = new Bench()
      const first = bench.owner()
      first.settle()
      bench.pay('e1')
      first.settle()
      const firstChange = bench.now
      const second = bench.owner(rules(60))
      second.settle()
      bench.pay('e2', { account: 'B' })
      second.settle()
      const third = bench.owner(rules(70))
      third.settle()
      // The first set goes with this one; what is older than its end is the second one's from then on.
      bench.pay('e3', { account: 'C', at: firstChange + latenessMs + 1 })
      const offset = bench.pay('e4', { account: 'D', at: firstChange - 500 })
      bench.pay('e5', { account: 'D', at: firstChange - 400 })
      third.settle(recordsMax)
      expect(third.judged.find((judged) => judged.offset === offset)?.decision).toBeDefined()
      expect(bench.told.filter((text) => text.includes('"kind":"alert"') && text.includes('e5'))).toHaveLength(1)
    },
  )
})
