import type { Commit, Stage } from '#shared/protocol/commit'
import type { ReadFromStore } from '#shared/protocol/owner-io'
import { buffersOf } from '#shared/store/checkpoint-store-sqlite-messages'
import type { LoopCommand, LoopInput, OwnerView } from './hosted-owner.ts'
import {
  type PackedBlock,
  type PackedEntries,
  type PackedMarks,
  type PackedNames,
  type PackedOutbox,
  type PackedSaved,
  packBlock,
  packEntries,
  packMarks,
  packNames,
  packOutbox,
  packSaved,
  unpackBlock,
  unpackEntries,
  unpackMarks,
  unpackNames,
  unpackOutbox,
  unpackSaved,
} from './owner-columns.ts'

/** From a loop to the thread where its owner lives. */
export interface ToOwner {
  readonly partition: number
  /** `start` ends whatever owner was there before. @param life counts the owners of the partition */
  readonly input: PackedInput | { readonly kind: 'start'; readonly life: number }
}

/** From there to the loop. */
export interface FromOwner {
  readonly partition: number
  readonly life: number
  readonly commands: readonly PackedCommand[]
  /** After what led to these commands. */
  readonly view: OwnerView
}

export type PackedInput =
  | Exclude<LoopInput, { readonly kind: 'records' | 'marked' | 'loaded' | 'outbox' }>
  | { readonly kind: 'records'; readonly block: PackedBlock }
  | ({ readonly kind: 'marked'; readonly actors: PackedMarks } & ReadFromStore)
  | ({ readonly kind: 'loaded'; readonly actors: PackedSaved } & ReadFromStore)
  | ({ readonly kind: 'outbox'; readonly entries: PackedOutbox } & ReadFromStore)

export type PackedCommand =
  | Exclude<LoopCommand, { readonly kind: 'load' | 'stage' | 'commit' | 'offer' }>
  | { readonly kind: 'load'; readonly generation: number; readonly names: PackedNames }
  | { readonly kind: 'stage'; readonly stage: PackedStage }
  | { readonly kind: 'commit'; readonly commit: PackedCommit }
  | { readonly kind: 'offer'; readonly entries: PackedOutbox }

interface PackedStage extends Omit<Stage, 'actors'> {
  readonly actors: PackedEntries
}

interface PackedCommit extends Omit<Commit, 'actors' | 'outbox'> {
  readonly actors: PackedEntries
  readonly outbox: PackedOutbox
}

export function packInput(input: LoopInput): PackedInput {
  switch (input.kind) {
    case 'records':
      return { kind: 'records', block: packBlock(input.block) }
    case 'marked':
      return { ...input, actors: packMarks(input.actors) }
    case 'loaded':
      return { ...input, actors: packSaved(input.actors) }
    case 'outbox':
      return { ...input, entries: packOutbox(input.entries) }
    default:
      return input
  }
}

export function unpackInput(input: PackedInput): LoopInput {
  switch (input.kind) {
    case 'records':
      return { kind: 'records', block: unpackBlock(input.block) }
    case 'marked':
      return { ...input, actors: unpackMarks(input.actors) }
    case 'loaded':
      return { ...input, actors: unpackSaved(input.actors) }
    case 'outbox':
      return { ...input, entries: unpackOutbox(input.entries) }
    default:
      return input
  }
}

export function packCommand(command: LoopCommand): PackedCommand {
  switch (command.kind) {
    case 'load':
      return { ...command, names: packNames(command.names) }
    case 'stage':
      return { kind: 'stage', stage: { ...command.stage, actors: packEntries(command.stage.actors) } }
    case 'commit': {
      const { commit } = command
      const [actors, outbox] = [packEntries(commit.actors), packOutbox(commit.outbox)]
      return { kind: 'commit', commit: { ...commit, actors, outbox } }
    }
    case 'offer':
      return { kind: 'offer', entries: packOutbox(command.entries) }
    default:
      return command
  }
}

export function unpackCommand(command: PackedCommand): LoopCommand {
  switch (command.kind) {
    case 'load':
      return { ...command, names: unpackNames(command.names) }
    case 'stage':
      return { kind: 'stage', stage: { ...command.stage, actors: unpackEntries(command.stage.actors) } }
    case 'commit': {
      const { commit } = command
      const [actors, outbox] = [unpackEntries(commit.actors), unpackOutbox(commit.outbox)]
      return { kind: 'commit', commit: { ...commit, actors, outbox } }
    }
    case 'offer':
      return { kind: 'offer', entries: unpackOutbox(command.entries) }
    default:
      return command
  }
}

/** The buffers that were made for a message alone. What came into it as it was is copied. */
export function inputBuffers(input: ToOwner['input']): ArrayBuffer[] {
  switch (input.kind) {
    case 'records':
      return buffersOf(input.block)
    case 'marked':
    case 'loaded':
      return buffersOf(input.actors)
    case 'outbox':
      return buffersOf(input.entries)
    default:
      return []
  }
}

/** As of inputs. */
export function commandBuffers(command: PackedCommand): ArrayBuffer[] {
  switch (command.kind) {
    case 'load':
      return buffersOf(command.names)
    case 'stage':
      return buffersOf(command.stage.actors)
    case 'commit':
      return [...buffersOf(command.commit.actors), ...buffersOf(command.commit.outbox)]
    case 'offer':
      return buffersOf(command.entries)
    default:
      return []
  }
}
