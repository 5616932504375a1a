import type { Restore, RestoreResult, SnapshotHead } from '#shared/protocol/owner-io'
import { decodeOwnerState, encodeRestoring } from '#shared/protocol/owner-state'
import type { StoreState, VirtualCheckpointStore } from './virtual-checkpoint-store.ts'

interface Snapshot {
  readonly name: string
  readonly state: StoreState & { readonly manifest: NonNullable<StoreState['manifest']> }
  isDamaged: boolean
}

/** Snapshots of the partition: what the checkpoint store held after a commit. The newest may be damaged, never the one before it. */
export class VirtualSnapshots {
  readonly #store: VirtualCheckpointStore
  /** Oldest first. */
  #kept: Snapshot[] = []
  #count = 0

  constructor(store: VirtualCheckpointStore) {
    this.#store = store
  }

  /** The log must go on from here; 0: there is none, and it must hold everything. */
  get oldestPosition(): number {
    return this.#kept[0]?.state.manifest.position ?? 0
  }

  take(): void {
    const { current } = this.#store
    const { manifest } = current
    if (manifest === undefined || manifest.position <= (this.#kept.at(-1)?.state.manifest.position ?? 0)) return
    if (decodeOwnerState(manifest.owner) === undefined) return
    if (this.#kept.at(-1)?.isDamaged === true) this.#kept.pop()
    this.#kept = [
      ...this.#kept.slice(-1),
      { name: `s${this.#count++}`, state: { ...current, manifest, staged: [] }, isDamaged: false },
    ]
  }

  damage(): void {
    const newest = this.#kept[1]
    if (newest !== undefined) newest.isDamaged = true
  }

  heads(): readonly SnapshotHead[] {
    return this.#kept.map(({ name, state }) => ({ name, place: state.manifest, problem: '' })).reverse()
  }

  restore({ name, epoch, previous, leftovers }: Restore): RestoreResult {
    const snapshot = this.#kept.find((each) => each.name === name)
    if (snapshot === undefined) return { kind: 'damaged', detail: 'it is gone', previous, leftovers }
    const { state, isDamaged } = snapshot
    const generations = decodeOwnerState(state.manifest.owner)?.generations.map(({ number }) => number) ?? []
    const half = { position: 0, tailDigest: 0, owner: encodeRestoring([...leftovers, ...generations]) }
    const id = `${epoch}-restored-${name}`
    // A damaged one leaves the half of its actors behind.
    const actors = isDamaged ? new Map([...state.actors].filter((_, i) => i % 2 === 0)) : state.actors
    const outbox = isDamaged ? [] : state.outbox
    const manifest = isDamaged ? { ...half, id } : { ...state.manifest, id }
    const result = this.#store.replace({ epoch, previous, state: { ...state, manifest, actors, outbox } })
    if (result !== 'ok') return { kind: result }
    if (isDamaged)
      return { kind: 'damaged', detail: 'it is damaged', previous: id, leftovers: [...leftovers, ...generations] }
    return { kind: 'whole', manifest }
  }
}
