// Each check that keeps a partition right is left out in turn, in the simulated world alone. The simulator must notice, or it proves nothing.
import { describe, expect, it } from 'vitest'
import type { EventBatch } from '#shared/domain/event-batch'
import type { Problem } from '#shared/domain/problem'
import { recordDigest } from '#shared/protocol/applied-record'
import type { ClaimResult } from '#shared/protocol/commit'
import { ruleSetName } from '#shared/protocol/generation'
import type { LogBlock } from '#shared/protocol/log-record'
import type { OwnerCommand, OwnerInput } from '#shared/protocol/owner-io'
import type { OwnerOptions } from '#shared/protocol/owner-options'
import { PartitionOwner } from '#shared/protocol/partition-owner'
import type { InvariantName } from './broken.ts'
import { PaymentDecoder } from './row.ts'
import { Simulator } from './simulate.ts'
import { VirtualAlertStore } from './virtual-alert-store.ts'
import { VirtualCheckpointStore } from './virtual-checkpoint-store.ts'
import type { SimulatedOwner } from './virtual-detector.ts'
import { type Appended, VirtualLog, type VirtualRecord } from './virtual-log.ts'
import { soundParts, type WorldParts } from './world.ts'

/** Seeds in which a mutation must be noticed. */
const seedsMax = 10_000

class UnfencedStore extends VirtualCheckpointStore {
  protected override isFenced(): boolean {
    return false
  }
}

class UnraisedStore extends VirtualCheckpointStore {
  protected override raised(): number {
    return this.state.epoch
  }
}

class UnchainedStore extends VirtualCheckpointStore {
  protected override follows(): boolean {
    return true
  }
}

class CarelessStore extends VirtualCheckpointStore {
  protected override isComplete(): boolean {
    return true
  }
}

/** Whatever record the log has at the position of the last commit is the right one. */
class CredulousStore extends VirtualCheckpointStore {
  readonly #log: VirtualLog

  constructor(log: VirtualLog) {
    super()
    this.#log = log
  }

  override claim(epoch: number): ClaimResult {
    const result = super.claim(epoch)
    if (result.kind === 'fenced' || result.manifest === undefined) return result
    const block = this.#log.read(result.manifest.position, 1)
    return block.length === 0
      ? result
      : { ...result, manifest: { ...result.manifest, tailDigest: recordDigest(block, 0) } }
  }
}

/** Has the rule sets in force from the log alone, which may no longer hold them. */
class UnruledStore extends VirtualCheckpointStore {
  override load(...[generation, names]: Parameters<VirtualCheckpointStore['load']>) {
    return super.load(generation, names).map((saved, i) => (names[i].key === ruleSetName.key ? undefined : saved))
  }
}

class ForgetfulAlertStore extends VirtualAlertStore {
  protected override isKnown(): boolean {
    return false
  }
}

class ForgetfulLog extends VirtualLog {
  protected override known(): undefined {
    return undefined
  }
}

/** Answers as if it knew repeats, and appends them all the same. */
class UndecidedLog extends VirtualLog {
  #firsts = new Map<string, number>()
  #isAppending = false

  override appendEvent(kind: 'event' | 'decide', id: string, body: Uint8Array, receivedAt: number): Appended {
    const answer = super.appendEvent(kind, id, body, receivedAt)
    // Whoever asks for a decision once more after the lateness is told that it is late.
    if (answer === 'conflict' || !answer.isDuplicate || kind === 'decide') return answer
    this.#isAppending = true
    super.appendEvent(kind, id, body, receivedAt)
    this.#isAppending = false
    return answer
  }

  isRepeat(offset: number): boolean {
    const record = this.at(offset)
    if (record === undefined || record.id === '') return false
    return this.archive.some((other) => other.id === record.id && other.offset < offset)
  }

  protected override known(id: string): VirtualRecord | undefined {
    if (this.#isAppending) return undefined
    const known = super.known(id)
    if (known === undefined) return undefined
    const first = this.#firsts.get(id)
    const record = first === undefined ? undefined : this.at(first)
    if (record?.id === id) return record
    this.#firsts.set(id, known.offset)
    return known
  }
}

/** The owner as it is, but for what it is told or what becomes of its commands. */
class AlteredOwner implements SimulatedOwner {
  readonly #owner: PartitionOwner
  readonly #alterInput: (input: OwnerInput, epoch: number) => OwnerInput
  readonly #alterCommand: (command: OwnerCommand) => readonly OwnerCommand[]
  #epoch = 0

  constructor(
    options: OwnerOptions,
    alter: {
      readonly input?: (input: OwnerInput, epoch: number) => OwnerInput
      readonly command?: (command: OwnerCommand) => readonly OwnerCommand[]
    },
  ) {
    this.#owner = new PartitionOwner(options)
    this.#alterInput = alter.input ?? ((input) => input)
    this.#alterCommand = alter.command ?? ((command) => [command])
  }

  get position(): number {
    return this.#owner.position
  }

  get committedPosition(): number {
    return this.#owner.committedPosition
  }

  get outboxLength(): number {
    return this.#owner.outboxLength
  }

  get isReady(): boolean {
    return this.#owner.isReady
  }

  handle(input: OwnerInput): readonly OwnerCommand[] {
    if (input.kind === 'appended' && input.record === 'claim') this.#epoch = input.offset
    return this.#owner.handle(this.#alterInput(input, this.#epoch)).flatMap((command) => this.#alterCommand(command))
  }
}

function withoutLaterClaims(block: LogBlock, epoch: number): LogBlock {
  const isKept = (i: number): boolean => block.kinds[i] !== 2 || block.offsets[i] <= epoch
  const kept = Array.from({ length: block.length }, (_, i) => i).filter(isKept)
  const column = <T>(values: ArrayLike<T>): T[] => kept.map((i) => values[i])
  return {
    length: kept.length,
    offsets: column(block.offsets),
    kinds: column(block.kinds),
    receivedAt: column(block.receivedAt),
    traceparents: column(block.traceparents),
    bytes: block.bytes,
    starts: column(block.starts),
    ends: column(block.ends),
  }
}

/** Takes what the log has twice for two events. */
class RepeatingDecoder extends PaymentDecoder {
  readonly #log: UndecidedLog

  constructor(schema: EventBatch['schema'], log: UndecidedLog) {
    super(schema)
    this.#log = log
  }

  override decode(bytes: Uint8Array, start: number, end: number, batch: EventBatch, offset = 0): Problem | undefined {
    const problem = super.decode(bytes, start, end, batch)
    if (problem === undefined && this.#log.isRepeat(offset)) batch.id[batch.length - 1] += ' again'
    return problem
  }
}

function repeatingParts(): WorldParts {
  let log = new UndecidedLog()
  return {
    ...soundParts,
    log: () => {
      log = new UndecidedLog()
      return log
    },
    owner: (options) => new PartitionOwner({ ...options, decoderOf: (schema) => new RepeatingDecoder(schema, log) }),
  }
}

interface Mutation {
  readonly what: string
  readonly parts: WorldParts
  /** First seed, where the first one that notices is far. Default: 1. */
  readonly from?: number
  /** What is broken by it. */
  readonly breaks: readonly InvariantName[]
}

const ownerOf = (alter: ConstructorParameters<typeof AlteredOwner>[1]): WorldParts => ({
  ...soundParts,
  owner: (options) => new AlteredOwner(options, alter),
})

const mutations: readonly Mutation[] = [
  {
    what: 'a store that lets any epoch commit',
    parts: { ...soundParts, checkpoints: () => new UnfencedStore() },
    breaks: ['fence'],
  },
  {
    what: 'a store whose epoch does not rise with a claim',
    parts: { ...soundParts, checkpoints: () => new UnraisedStore() },
    breaks: ['fence'],
  },
  {
    what: 'a store that does not ask what a commit follows',
    parts: { ...soundParts, checkpoints: () => new UnchainedStore() },
    breaks: ['position', 'entries', 'revisions', 'failures', 'calm', 'judgements'],
  },
  {
    what: 'a store that commits without the parts that were staged',
    parts: { ...soundParts, checkpoints: () => new CarelessStore() },
    from: 760,
    breaks: ['entries', 'revisions', 'failures', 'calm', 'judgements'],
  },
  {
    what: 'a store whose last record is the right one whatever it is',
    parts: { ...soundParts, checkpoints: (log) => new CredulousStore(log) },
    breaks: ['entries', 'revisions', 'calm', 'judgements'],
  },
  {
    what: 'a store that does not keep rule sets',
    parts: { ...soundParts, checkpoints: () => new UnruledStore() },
    breaks: ['failures'],
  },
  {
    what: 'an owner that reads on behind the claim of another',
    parts: ownerOf({
      input: (input, epoch) =>
        input.kind === 'records' ? { ...input, block: withoutLaterClaims(input.block, epoch) } : input,
    }),
    breaks: ['fence'],
  },
  {
    what: 'an owner that judges by whatever it finds in the store',
    parts: ownerOf({
      input: (input) => {
        if (input.kind !== 'loaded') return input
        const { lastCommit: _lastCommit, ...rest } = input
        return rest
      },
    }),
    breaks: ['judgements', 'entries', 'calm', 'failures'],
  },
  {
    what: 'an owner that offers before it has committed',
    parts: ownerOf({
      command: (command) =>
        command.kind === 'commit' && command.commit.outbox.length > 0
          ? [{ kind: 'offer', entries: command.commit.outbox }, command]
          : [command],
    }),
    breaks: ['outbox'],
  },
  {
    what: 'an owner that offers out of order',
    parts: ownerOf({
      command: (command) =>
        command.kind === 'offer' && command.entries.length > 1
          ? [{ kind: 'offer', entries: [...command.entries.slice(1), command.entries[0]] }]
          : [command],
    }),
    breaks: ['revisions', 'calm', 'convergence'],
  },
  {
    what: 'an owner that leaves an entry of an offer out',
    parts: ownerOf({
      command: (command) =>
        command.kind === 'offer' && command.entries.length > 1
          ? [{ kind: 'offer', entries: command.entries.slice(1) }]
          : [command],
    }),
    breaks: ['revisions', 'calm'],
  },
  {
    what: 'a log that does not know repeats',
    parts: { ...soundParts, log: () => new ForgetfulLog() },
    breaks: ['place'],
  },
  { what: 'actors that do not know repeats', parts: repeatingParts(), breaks: ['oracle'] },
  {
    what: 'an alert store that does not know repeats',
    parts: { ...soundParts, alerts: () => new ForgetfulAlertStore() },
    breaks: ['revisions'],
  },
]

describe('the simulator notices', () => {
  it.each(mutations)(
    '$what',
    ({ parts, breaks, from = 1 }) => {
      const simulator = new Simulator(parts)
      let seed = from
      let { broken } = simulator.run(seed)
      while (broken === undefined && seed < seedsMax) broken = simulator.run(++seed).broken
      expect(breaks).toContain(broken?.invariant)
    },
    60_000,
  )

  it('nothing where the log holds repeats that actors know', () => {
    const simulator = new Simulator({ ...soundParts, log: () => new UndecidedLog() })
    for (let seed = 1; seed <= 40; seed++) expect(simulator.run(seed).broken).toBeUndefined()
  }, 60_000)
})
