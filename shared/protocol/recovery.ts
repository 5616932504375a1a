import type { ActorName } from '#shared/actor/actor-state'
import { BadStateError } from '#shared/actor/bad-state'
import { limits } from '#shared/domain/limits'
import { recordDigest, timelessDigest } from './applied-record.ts'
import type { Manifest, MarkedActor, OutboxEntry } from './commit.ts'
import { type Generation, ruleSetName } from './generation.ts'
import type { ReadFromStore } from './owner-io.ts'
import { decodeOwnerState, decodeRestoring } from './owner-state.ts'
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
  /** The rule set that was in force where the log begins, should it no longer say so itself; undefined: not known. */
  readonly firstRules: RuleSetRecord | undefined
  /** What came of snapshots. */
  readonly notices: readonly string[]
}

/**
 * Takes a partition over, in this order: claim in the log, fence the store by it, load, find the last applied record again. Replaying what
 * came after is the owner's usual work. Where the store has nothing, the newest snapshot that is whole and that the log goes on from comes
 * into it first.
 * @param claim  body of the claim record
 * @param create makes a generation without actors
 */
export function* recover(
  claim: Uint8Array,
  create: (number: number, record: RuleSetRecord, from: number) => Generation,
  hasSnapshots: boolean,
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
  const notices: string[] = []
  const begun = yield* begin({ manifest: result.manifest, epoch, bounds: { first, next }, hasSnapshots, notices })
  const anew = { epoch, first, position: first - 1, tailDigest: 0, generations: [], movedAt: 0, notices }
  const { manifest } = begun
  if (manifest === undefined) {
    const { previous, leftovers: dropped } = begun
    return { ...anew, previous, nextEntry: 1, undelivered: [], dropped, firstRules: undefined }
  }
  const state = decodeOwnerState(manifest.owner)
  if (state === undefined)
    throw new OwnerFailed('unknown-record', 'the checkpoint was written by a later version; start that version again')
  const missing = yield* findTail(manifest, { first, next }, state.isTimeless === true ? timelessDigest : recordDigest)
  if (missing !== undefined) throw new OwnerFailed('log-regression', `the checkpoint ${missing}; ${remedy}`)
  const outbox = expectInput('outbox', yield { kind: 'outbox' })
  checkSame(manifest, outbox)
  const { entries } = outbox
  const kept = { previous: manifest.id, nextEntry: state.nextEntry, undelivered: entries }
  const generations: Generation[] = []
  for (const { number, from, upTo, partition } of state.generations) {
    const saved = yield* savedRules(number, manifest)
    const generation = create(number, saved ?? (yield* rulesInLog(number)), from)
    generation.upTo = upTo
    if (saved !== undefined) generation.recordIsSaved()
    const marked = expectInput('marked', yield { kind: 'marked', generation: number })
    checkSame(manifest, marked)
    const books = partitionOf(generation, partition, marked.actors)
    if (books === undefined) {
      // Written under another plan: another version, or another lateness. What the log has of it is judged again.
      const dropped = state.generations.map((each) => each.number)
      return { ...anew, ...kept, dropped, firstRules: (generations[0] ?? generation).record }
    }
    yield* loadBooks(generation, books, manifest)
    generations.push(generation)
  }
  const { position, tailDigest } = manifest
  const { movedAt } = state
  return { ...anew, ...kept, position, tailDigest, generations, movedAt, dropped: [], firstRules: undefined }
}

/** Where the store stands: with a manifest to go on from, or with the id of a last commit and actors that are of no use. */
type Begun =
  | { readonly manifest: Manifest }
  | { readonly manifest: undefined; readonly previous: string | undefined; readonly leftovers: readonly number[] }

interface Bounds {
  readonly first: number
  readonly next: number
}

function* begin(options: {
  readonly manifest: Manifest | undefined
  readonly epoch: number
  readonly bounds: Bounds
  readonly hasSnapshots: boolean
  readonly notices: string[]
}): Steps<Begun> {
  const { manifest, epoch, bounds, notices } = options
  let leftovers = manifest === undefined ? [] : decodeRestoring(manifest.owner)
  if (manifest !== undefined && leftovers === undefined) return { manifest }
  let previous = manifest?.id
  const heads = options.hasSnapshots ? expectInput('snapshots', yield { kind: 'snapshots' }).snapshots : []
  for (const { name, place, problem } of heads) {
    const missing = place === undefined ? problem : yield* findTail(place, bounds, recordDigest)
    if (missing !== undefined) {
      notices.push(`the snapshot ${name} is passed over: it ${missing}`)
      continue
    }
    // A store that has lost all has lost its fence, too: the claim of whoever took this snapshot lies behind ours.
    if (place !== undefined && place.position > epoch)
      throw new OwnerFailed('fenced', `another owner has taken the snapshot ${name} after the claim at ${epoch}`)
    const restore = { name, epoch, previous, leftovers: leftovers ?? [] }
    const { result } = expectInput('restored', yield { kind: 'restore', restore })
    if (result.kind === 'fenced') throw new OwnerFailed('fenced', 'another owner has claimed the partition')
    if (result.kind === 'conflict') throw storeWentBack()
    if (result.kind === 'whole') {
      notices.push(
        `the checkpoints were lost; the state is that of the snapshot ${name}, and what the log has behind it`,
      )
      return result
    }
    notices.push(`the snapshot ${name} is passed over: ${result.detail}`)
    previous = result.previous
    leftovers = result.leftovers
  }
  if (bounds.next > bounds.first + 1 || heads.length > 0)
    notices.push(
      `there is no checkpoint and no snapshot to go on from: all that the log has is judged, from ${bounds.first} on`,
    )
  return { manifest: undefined, previous, leftovers: leftovers ?? [] }
}

/** @returns undefined: a checkpoint of an earlier version, which has none */
function* savedRules(generation: number, manifest: Manifest): Steps<RuleSetRecord | undefined> {
  const loaded = expectInput('loaded', yield { kind: 'load', generation, names: [ruleSetName] })
  checkSame(manifest, loaded)
  const [saved] = loaded.actors
  return saved && decodeRuleSetRecord(saved.base)
}

function* rulesInLog(number: number): Steps<RuleSetRecord> {
  const { block } = expectInput(
    'records',
    yield { kind: 'read', from: number, bytesMax: 1, waits: false, isNext: false },
  )
  const isThere = block.offsets[0] === number
  const record = isThere ? decodeRuleSetRecord(block.bytes.subarray(block.starts[0], block.ends[0])) : undefined
  if (record === undefined)
    throw new OwnerFailed('log-regression', `the log no longer holds the rule set that came into force at ${number}`)
  return record
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

/**
 * The log must still hold the record that a state was made after, and the same one; or begin right behind it, as what is older than the
 * retention goes.
 * @returns what the state does that cannot be gone on from; undefined: it can
 */
function* findTail(
  { position, tailDigest }: Pick<Manifest, 'position' | 'tailDigest'>,
  { first, next }: Bounds,
  digestOf: typeof recordDigest,
): Steps<string | undefined> {
  const { block } = expectInput(
    'records',
    yield { kind: 'read', from: position, bytesMax: 1, waits: false, isNext: false },
  )
  if (block.length > 0 && block.offsets[0] === position)
    return digestOf(block, 0) === tailDigest
      ? undefined
      : `follows from another record at ${position} than the log holds`
  if (first === position + 1 && next > position) return undefined
  return `follows from the log up to ${position}, which the log (${first} to ${next - 1}) does not hold`
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
