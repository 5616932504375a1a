import type { ActorName } from '../../shared/actor/actor-state.ts'
import { StateCodec } from '../../shared/checkpoint/state-codec.ts'
import type { Random } from '../../shared/generator/random.ts'
import type { World } from './checkpoint-world.ts'

export interface Saved {
  readonly actor: ActorName
  base: Uint8Array
  appended: Uint8Array[]
  /** When time alone changes the actor. */
  deadline: number
}

/** What a checkpoint store would hold for one partition. */
export class Store {
  readonly codec: StateCodec
  readonly actors = new Map<string, Saved>()
  readonly #random: Random
  appends = 0
  bases = 0
  partition = new Uint8Array()

  constructor(world: World, random: Random) {
    this.codec = new StateCodec(world.engine.states)
    this.#random = random
  }

  save({ engine }: World): void {
    const { states } = engine
    for (const actor of states.changed()) {
      const saved = this.actors.get(nameOf(actor))
      const deadline = states.isResident(actor) ? states.deadline(actor) : (saved?.deadline ?? Number.NaN)
      if (saved !== undefined && states.canAppend(actor) && (!states.isResident(actor) || this.#random.chance(0.8))) {
        saved.appended.push(this.codec.encodeAppended(states.saveAppended(actor)))
        saved.deadline = deadline
        this.appends++
      } else {
        const base = this.codec.encodeActor(states.save(actor))
        this.actors.set(nameOf(actor), { actor, base, appended: [], deadline })
        this.bases++
      }
    }
    if (states.changed().length > 0) throw new Error('what was saved is still said to have changed')
    this.partition = this.codec.encodePartition(states.savePartition())
  }

  load({ engine }: World, saved: Saved): void {
    engine.states.load(this.codec.decodeActor(saved.base, saved.appended))
  }

  /** Brings back those that the next event needs. */
  loadNeeded(world: World, actors: readonly ActorName[], at: number): void {
    const needed = actors.map((actor) => this.actors.get(nameOf(actor)))
    for (const saved of [...needed, ...[...this.actors.values()].filter(({ deadline }) => deadline <= at)])
      if (saved !== undefined && !world.engine.states.isResident(saved.actor)) this.load(world, saved)
  }
}

export const nameOf = ({ population, key }: ActorName): string => `${population} ${key}`
