import type { ActorName } from '#shared/actor/actor-state'
import { BadStateError } from '#shared/actor/bad-state'
import { limits } from '#shared/domain/limits'
import { recordDigest, timelessDigest } from './applied-record.ts'
import type { Manifest, MarkedActor, OutboxEntry } from './commit.ts'
import type { Generation } from './generation.ts'
import type { ReadFromStore } from './owner-io.ts'
import { decodeOwnerState } from './owner-state.ts'
import { expectInput, OwnerFailed, type Steps, storeWentBack } from './owner-steps.ts'
import { decodeRuleSetRecord, type RuleSetRecord } from './rule-set-record.ts'

/** What an owner goes on from. */
export interface Recovered {
  readonly epoch: number
  /** Lowest offset that the log holds. */
  readonly first: number
  /** Offset of the last applied record; below `first` where there is none. */
  readonly position: number
  readonly tailDigest: number
  /** Id of the last commit. */
  readonly previous: string | undefined
  readonly generations: Generation[]
  readonly nextEntry: number
  readonly undelivered: readonly OutboxEntry[]
  readonly movedAt: number
  /** Generations of a checkpoint that cannot be used: they go with the next commit. */
  readonly dropped: readonly number[]
}

/**
 * Takes a partition over, in this order: claim in the log, fence the store by it, load, find the last applied record again. Replaying what
 * came after is the owner's usual work.
 * @param claim  body of the claim record
 * @param create makes a generation without actors
 */
export function* recover(
  claim: Uint8Array,
  create: (number: number, record: RuleSetRecord, from: number) => Generation,
): Steps<Recovered> {
  const { offset: epoch } = expectInput('appended', yield { kind: 'append', record: { kind: 'claim', body: claim } })
  const { result } = expectInput('claimed', yield { kind: 'claim', epoch })
  const { first, next } = expectInput('bounds', yield { kind: 'bounds' })
  if (result.kind === 'fenced') {
    // Whoever claimed has its record in the log, unless the log was put back.
    if (result.epoch >= next)
      throw new OwnerFailed(
        'log-regression',
        `the checkpoints were claimed at ${result.epoch}, which the log does not reach any more; ${remedy}`,
      )
    throw new OwnerFailed(
      'fenced',
      `another owner has claimed the partition with epoch ${result.epoch}, above ${epoch}`,
    )
  }
  const { manifest } = result
  if (manifest === undefined)
    return {
      epoch,
      first,
      position: first - 1,
      tailDigest: 0,
      previous: undefined,
      generations: [],
      nextEntry: 1,
      undelivered: [],
      movedAt: 0,
      dropped: [],
    }
  const state = decodeOwnerState(manifest.owner)
  if (state === undefined)
    throw new OwnerFailed('unknown-record', 'the checkpoint was written by a later version; start that version again')
  yield* findTail(manifest, state.isTimeless === true ? timelessDigest : recordDigest)
  const outbox = expectInput('outbox', yield { kind: 'outbox' })
  checkSame(manifest, outbox)
  const { entries } = outbox
  const kept = { epoch, first, previous: manifest.id, nextEntry: state.nextEntry, undelivered: entries }
  const generations: Generation[] = []
  for (const { number, from, upTo, partition } of state.generations) {
    const { block } = expectInput('records', yield { kind: 'read', from: number, bytesMax: 1, waits: false })
    const record =
      block.offsets[0] === number
        ? decodeRuleSetRecord(block.bytes.subarray(block.starts[0], block.ends[0]))
        : undefined
    if (record === undefined)
      throw new OwnerFailed('log-regression', `the log no longer holds the rule set that came into force at ${number}`)
    const generation = create(number, record, from)
    generation.upTo = upTo
    const marked = expectInput('marked', yield { kind: 'marked', generation: number })
    checkSame(manifest, marked)
    const books = partitionOf(generation, partition, marked.actors)
    if (books === undefined) {
      // Written under another plan: another version, or another lateness. The log has all of it, so it is judged again.
      const dropped = state.generations.map((saved) => saved.number)
      return { ...kept, position: first - 1, tailDigest: 0, generations: [], movedAt: 0, dropped }
    }
    yield* loadBooks(generation, books, manifest)
    generations.push(generation)
  }
  const { position, tailDigest } = manifest
  return { ...kept, position, tailDigest, generations, movedAt: state.movedAt, dropped: [] }
}

/** @returns the actors whose part of the alert book must come first; undefined: the state was written under another plan */
function partitionOf(
  generation: Generation,
  partition: Uint8Array,
  marked: readonly MarkedActor[],
): readonly ActorName[] | undefined {
  try {
    return generation.loadPartition(partition, marked)
  } catch (error) {
    if (error instanceof BadStateError && (error.reason === 'plan' || error.reason === 'version')) return undefined
    throw error
  }
}

/** The log must still hold the record that the checkpoint was made after, and the same one. */
function* findTail({ position, tailDigest }: Manifest, digestOf: typeof recordDigest): Steps<void> {
  const { block } = expectInput('records', yield { kind: 'read', from: position, bytesMax: 1, waits: false })
  if (block.length === 0 || block.offsets[0] !== position)
    throw new OwnerFailed(
      'log-regression',
      `the checkpoint follows from the log up to ${position}, which the log does not hold; ${remedy}`,
    )
  if (digestOf(block, 0) !== tailDigest)
    throw new OwnerFailed(
      'log-regression',
      `the log holds another record at ${position} than the one that the checkpoint follows from; ${remedy}`,
    )
}

function* loadBooks(generation: Generation, names: readonly ActorName[], manifest: Manifest): Steps<void> {
  for (let from = 0; from < names.length; from += limits.actorsMovedAtOnceMax) {
    const part = names.slice(from, from + limits.actorsMovedAtOnceMax)
    const loaded = expectInput('loaded', yield { kind: 'load', generation: generation.number, names: part })
    checkSame(manifest, loaded)
    generation.loadBooks(loaded.actors)
  }
}

/** All of it must be as of the commit that was taken over: meanwhile another may have claimed, or the store may have gone back. */
function checkSame({ id }: Manifest, { lastCommit }: ReadFromStore): void {
  if (lastCommit !== undefined && lastCommit.id !== id) throw storeWentBack()
}

const remedy = 'give back the log, or remove the checkpoints so that all states are made again from what the log has'
