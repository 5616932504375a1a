import { describe, expect, it } from 'vitest'
import { recordDigest } from './applied-record.ts'
import type { LogBlock } from './log-record.ts'
import type { OwnerCommand, OwnerInput, RestoreResult, SnapshotHead } from './owner-io.ts'
import { encodeOwnerState, encodeRestoring } from './owner-state.ts'
import { OwnerFailed } from './owner-steps.ts'
import { type Recovered, recover } from './recovery.ts'

const owner = encodeOwnerState({ generations: [], nextEntry: 9, movedAt: 0 })

/** A block of one event at an offset; of none without. */
function blockOf(offset: number | undefined): LogBlock {
  const offsets = offset === undefined ? [] : [offset]
  return {
    ...{ length: offsets.length, offsets, kinds: [0], receivedAt: [1_000], traceparents: [''] },
    ...{ bytes: new Uint8Array([1, 2, offset ?? 0]), starts: [0], ends: [3] },
  }
}
const digestAt = (offset: number): number => recordDigest(blockOf(offset), 0)

interface Found {
  /** The log holds records from `first` to below `next`. */
  readonly first: number
  readonly next: number
  readonly manifest?: {
    readonly id: string
    readonly position: number
    readonly tailDigest: number
    readonly owner: Uint8Array
  }
  readonly snapshots?: readonly SnapshotHead[]
  readonly restored?: (name: string) => RestoreResult
}

/** A start of an owner that finds this. */
function recovered({ first, next, manifest, snapshots, restored }: Found): {
  readonly result: Recovered
  readonly asked: readonly OwnerCommand[]
} {
  const steps = recover(new Uint8Array(), () => expect.unreachable('there are no generations'), snapshots !== undefined)
  const asked: OwnerCommand[] = []
  const answer = (command: OwnerCommand): OwnerInput => {
    asked.push(command)
    switch (command.kind) {
      case 'append':
        return { kind: 'appended', record: 'claim', offset: next }
      case 'claim':
        return { kind: 'claimed', result: { kind: 'claimed', manifest } }
      case 'bounds':
        return { kind: 'bounds', first, next: next + 1 }
      case 'read': {
        const there = Math.max(first, command.from)
        return { kind: 'records', block: blockOf(there <= next ? there : undefined) }
      }
      case 'snapshots':
        return { kind: 'snapshots', snapshots: snapshots ?? [] }
      case 'restore':
        return { kind: 'restored', result: restored?.(command.restore.name) ?? { kind: 'conflict' } }
      case 'outbox':
        return { kind: 'outbox', entries: [] }
      default:
        return expect.unreachable(command.kind)
    }
  }
  let input: OwnerInput = { kind: 'start' }
  for (;;) {
    const step = steps.next(input)
    if (step.done === true) return { result: step.value, asked }
    if (step.value === 'pause') return expect.unreachable('it waits for nothing')
    input = answer(step.value)
  }
}

const checkpointAt = (position: number, tailDigest = digestAt(position)) => ({ id: 'c', position, tailDigest, owner })
const snapshotAt = (name: string, position: number, tailDigest = digestAt(position)): SnapshotHead => ({
  name,
  place: { position, tailDigest },
  problem: '',
})

describe('a checkpoint', () => {
  it.each([
    ['whose record the log holds', 1, checkpointAt(7), true],
    ['whose record was the first', 7, checkpointAt(7), true],
    ['whose record went with all before it', 8, checkpointAt(7), true],
    ['behind which a record is missing', 9, checkpointAt(7), false],
    ['whose record is another', 1, checkpointAt(7, 1), false],
    ['that the log does not reach', 1, checkpointAt(40), false],
  ])('%s', (_, first, manifest, goesOn) => {
    const start = (): Recovered => recovered({ first, next: 20, manifest }).result
    if (goesOn) expect(start()).toMatchObject({ position: 7, previous: 'c', nextEntry: 9, dropped: [] })
    else expect(start).toThrow(OwnerFailed)
  })
})

describe('a store that has nothing', () => {
  const whole = (id: string): RestoreResult => ({ kind: 'whole', manifest: checkpointAt(Number(id)) })

  it('gets the newest snapshot that the log goes on from', () => {
    const snapshots = [
      { name: 'torn', place: undefined, problem: 'is torn' },
      snapshotAt('30', 30),
      snapshotAt('9', 9, 4),
      snapshotAt('8', 8),
      snapshotAt('7', 7),
    ]
    const { result, asked } = recovered({ first: 5, next: 20, snapshots, restored: whole })
    expect(result).toMatchObject({ position: 8, nextEntry: 9 })
    expect(asked.filter(({ kind }) => kind === 'restore')).toHaveLength(1)
    expect(result.notices).toEqual([
      expect.stringContaining('torn is passed over: it is torn'),
      expect.stringContaining('30 is passed over'),
      expect.stringContaining('9 is passed over: it follows from another record'),
      expect.stringContaining('that of the snapshot 8'),
    ])
  })

  it('gets an older one where part of the newest is damaged, and forgets what came of that', () => {
    const restored = (name: string): RestoreResult =>
      name === '8' ? { kind: 'damaged', detail: 'it lacks a part', previous: 'half', leftovers: [3] } : whole(name)
    const { result, asked } = recovered({
      first: 5,
      next: 20,
      snapshots: [snapshotAt('8', 8), snapshotAt('7', 7)],
      restored,
    })
    expect(result.position).toBe(7)
    expect(asked).toContainEqual({
      kind: 'restore',
      restore: { name: '7', epoch: 20, previous: 'half', leftovers: [3] },
    })
  })

  it('is left behind a snapshot that came only in part by whoever finds it, with or without another', () => {
    const manifest = { ...checkpointAt(0), id: 'half', owner: encodeRestoring([3, 4]) }
    const { asked } = recovered({ first: 5, next: 20, manifest, snapshots: [snapshotAt('8', 8)], restored: whole })
    expect(asked).toContainEqual({
      kind: 'restore',
      restore: { name: '8', epoch: 20, previous: 'half', leftovers: [3, 4] },
    })
    for (const snapshots of [[], undefined])
      expect(recovered({ first: 5, next: 20, manifest, ...(snapshots && { snapshots }) }).result).toMatchObject({
        ...{ position: 4, previous: 'half', dropped: [3, 4], generations: [], nextEntry: 1 },
        notices: [expect.stringContaining('no checkpoint and no snapshot')],
      })
  })

  it.each(['fenced', 'conflict'] as const)('ends the owner where another is there meanwhile: %s', (kind) => {
    const start = () => recovered({ first: 5, next: 20, snapshots: [snapshotAt('8', 8)], restored: () => ({ kind }) })
    expect(start).toThrow(OwnerFailed)
  })

  it('says nothing at the first start of all', () => {
    expect(recovered({ first: 1, next: 1, snapshots: [] }).result.notices).toEqual([])
  })
})
