// What the simulator takes for a checkpoint store is one: it keeps to all that every other one does.
import type { ActorName } from '../../shared/actor/actor-state.ts'
import type { Commit, Stage } from '../../shared/protocol/commit.ts'
import { VirtualCheckpointStore } from '../../shared/simulator/virtual-checkpoint-store.ts'
import { testCheckpointStore } from '../../shared/store/checkpoint-store.conformance.ts'
import { type CheckpointStore, StoreUnavailable } from '../../shared/store/checkpoint-store.ts'

/** One for each partition, behind the port. */
class VirtualStores implements CheckpointStore {
  readonly #stores = new Map<number, VirtualCheckpointStore>()
  #isClosed = false

  async claim(partition: number, epoch: number) {
    return this.#store(partition).claim(epoch)
  }

  async stage(stage: Stage) {
    return this.#store(stage.partition).stage(stage)
  }

  async commit(commit: Commit) {
    return this.#store(commit.partition).commit(commit)
  }

  async load(partition: number, generation: number, names: readonly ActorName[]) {
    const store = this.#store(partition)
    return { actors: store.load(generation, names), lastCommit: store.lastCommit }
  }

  async marked(partition: number, generation: number) {
    const store = this.#store(partition)
    return { actors: store.marked(generation), lastCommit: store.lastCommit }
  }

  async outbox(partition: number) {
    const store = this.#store(partition)
    return { entries: store.outbox, lastCommit: store.lastCommit }
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #store(partition: number): VirtualCheckpointStore {
    if (this.#isClosed) throw new StoreUnavailable('closed', 'the checkpoint store was closed')
    const known = this.#stores.get(partition)
    if (known !== undefined) return known
    const made = new VirtualCheckpointStore()
    this.#stores.set(partition, made)
    return made
  }
}

testCheckpointStore('the checkpoint store of the simulator', async () => new VirtualStores())
