import type { LogBlock } from '#shared/protocol/log-record'
import type { OwnerCommand, OwnerFailure, OwnerInput } from '#shared/protocol/owner-io'
import { broken, InvariantBroken } from './broken.ts'
import { draw } from './draw.ts'
import type { Faults } from './faults.ts'
import { outboxText } from './outbox-record.ts'
import type { VirtualAlertStore } from './virtual-alert-store.ts'
import type { VirtualCheckpointStore } from './virtual-checkpoint-store.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { VirtualLog } from './virtual-log.ts'
import type { Caller, Request, VirtualNetwork } from './virtual-network.ts'
import type { VirtualSnapshots } from './virtual-snapshots.ts'
import type { Witness } from './witness.ts'

/** What the simulation needs of a `PartitionOwner`; a mutation may stand in for one. */
export interface SimulatedOwner {
  readonly position: number
  readonly committedPosition: number
  readonly outboxLength: number
  readonly isReady: boolean
  handle(input: OwnerInput): readonly OwnerCommand[]
}

export interface Surroundings {
  readonly seed: number
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
  readonly faults: Faults
  readonly log: VirtualLog
  readonly checkpoints: VirtualCheckpointStore
  readonly snapshots: VirtualSnapshots
  readonly alerts: VirtualAlertStore
  readonly witness: Witness
  /** ms since 1970 at the start of virtual time. */
  readonly startAt: number
  readonly onStep: (text: string) => void
}

export interface DetectorEvents {
  /** It has stopped; `undefined`: it was killed or has ended as it was told. */
  onDown(failure: OwnerFailure | undefined): void
  onPaused(): void
}

/**
 * One life of one detector: executes what its owner wants, as `PartitionLoop` does, over a network and with stores that fail.
 *
 * X1 Every command with an answer is answered once, unless the detector ends.
 * X2 Stages and commits go to the store one after the other.
 */
export class VirtualDetector implements Caller {
  readonly name: string
  isAlive = true
  isStopped = false
  readonly owner: SimulatedOwner
  readonly #world: Surroundings
  readonly #events: DetectorEvents
  #isPaused = false
  #waiting: (() => void)[] = []
  #commits: (() => void)[] = []
  #isCommitting = false
  #reads = 0

  constructor(name: string, owner: SimulatedOwner, world: Surroundings, events: DetectorEvents) {
    this.name = name
    this.owner = owner
    this.#world = world
    this.#events = events
    this.#handle({ kind: 'start' })
    this.#tick()
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  receive(take: () => void): void {
    if (!this.isAlive) return
    if (this.#isPaused) this.#waiting.push(take)
    else take()
  }

  stop(): void {
    this.receive(() => this.#handle({ kind: 'stop' }))
  }

  /** Nothing of what it was doing is answered any more. */
  kill(failure?: OwnerFailure): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.#world.onStep(`${this.name}: ends${failure === undefined ? '' : ` (${failure.reason}: ${failure.detail})`}`)
    this.#events.onDown(failure)
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#world.onStep(`${this.name}: goes on`)
    const waiting = this.#waiting
    this.#waiting = []
    for (const take of waiting) this.receive(take)
  }

  #tick(): void {
    const { clock, startAt } = this.#world
    clock.after(clockMs, () => {
      if (!this.isAlive) return
      if (!this.#isPaused) this.#handle({ kind: 'clock', now: startAt + clock.now })
      this.#tick()
    })
  }

  #handle(input: OwnerInput): void {
    let commands: readonly OwnerCommand[]
    try {
      commands = this.owner.handle(input)
    } catch (error) {
      if (error instanceof InvariantBroken) throw error
      broken('failures', `${this.name} made a mistake at ${input.kind}: ${String(error)}`)
    }
    for (const command of commands) {
      if (!this.isAlive) return
      this.#fail(command)
      if (this.isAlive) this.#execute(command)
    }
  }

  /** What may happen to a detector before a command. */
  #fail({ kind }: OwnerCommand): void {
    const { clock, faults } = this.#world
    const where = `${this.name}: ${kind}`
    if (faults.happens('crash', clock.now, where) !== undefined) this.kill()
    const pause = faults.happens('pause', clock.now, where)
    if (pause === undefined || !this.isAlive || this.#isPaused) return
    this.#isPaused = true
    clock.after(pauseMsMin + pause * pauseMs, () => this.resume())
    this.#events.onPaused()
  }

  #execute(command: OwnerCommand): void {
    const { clock, log, checkpoints, snapshots, alerts, witness, startAt } = this.#world
    switch (command.kind) {
      case 'append':
        this.#ask({
          server: 'log',
          what: `append ${command.record.kind}`,
          run: () => {
            const { kind, body } = command.record
            const offset = log.appendOwn(kind, body, startAt + clock.now)
            return { kind: 'appended', record: kind, offset }
          },
        })
        return
      case 'claim':
        this.#ask({
          server: 'checkpoints',
          what: `claim ${command.epoch}`,
          run: () => {
            const result = checkpoints.claim(command.epoch)
            witness.claimed(command.epoch, result)
            return { kind: 'claimed', result }
          },
        })
        return
      case 'bounds':
        this.#ask({ server: 'log', what: 'bounds', run: () => ({ kind: 'bounds', ...log.bounds }) })
        return
      case 'read':
        this.#read(command)
        return
      case 'marked':
        this.#ask({
          server: 'checkpoints',
          what: `marked ${command.generation}`,
          run: () => ({
            kind: 'marked',
            actors: checkpoints.marked(command.generation),
            lastCommit: checkpoints.lastCommit,
          }),
        })
        return
      case 'load':
        this.#ask({
          server: 'checkpoints',
          what: `load ${command.names.length}`,
          run: () => ({
            kind: 'loaded',
            actors: checkpoints.load(command.generation, command.names),
            lastCommit: checkpoints.lastCommit,
          }),
        })
        return
      case 'outbox':
        this.#ask({
          server: 'checkpoints',
          what: 'outbox',
          run: () => ({ kind: 'outbox', entries: checkpoints.outbox, lastCommit: checkpoints.lastCommit }),
        })
        return
      case 'snapshots':
        this.#ask({
          server: 'checkpoints',
          what: 'snapshots',
          run: () => ({ kind: 'snapshots', snapshots: snapshots.heads() }),
        })
        return
      case 'restore':
        this.#ask({
          server: 'checkpoints',
          what: `restore ${command.restore.name}`,
          run: () => ({ kind: 'restored', result: snapshots.restore(command.restore) }),
        })
        return
      case 'notice':
        this.#world.onStep(`${this.name}: ${command.text}`)
        return
      case 'stage':
        this.#inOrder({
          server: 'checkpoints',
          what: `stage ${command.stage.id}/${command.stage.part}`,
          run: () => ({ kind: 'staged', result: checkpoints.stage(command.stage) }),
        })
        return
      case 'commit':
        this.#inOrder({
          server: 'checkpoints',
          what: `commit ${command.commit.id} at ${command.commit.manifest.position}`,
          run: () => {
            const result = checkpoints.commit(command.commit)
            witness.committed(command.commit, result)
            return { kind: 'committed', result }
          },
        })
        return
      case 'offer': {
        const { entries } = command
        const upTo = entries[entries.length - 1].number
        const texts = entries.map(({ bytes }) => outboxText(bytes))
        this.#ask({
          server: 'alerts',
          what: `deliver ${entries[0].number} to ${upTo}`,
          run: () => {
            witness.offered(entries)
            alerts.deliver(texts)
            return { kind: 'offered', upTo }
          },
        })
        return
      }
      case 'judged':
        for (const judged of command.judged) witness.judged(judged)
        return
      case 'later':
        clock.after(1, () => this.receive(() => this.#handle({ kind: 'later' })))
        return
      case 'stopped':
        this.isStopped = true
        this.kill()
        return
      case 'halt':
        this.kill(command.failure)
    }
  }

  #ask(request: Request<OwnerInput>, done: () => void = () => {}): void {
    this.#world.network.ask(this, request, (answer) => {
      done()
      this.#handle(answer)
    })
  }

  #read({ from, waits }: Extract<OwnerCommand, { kind: 'read' }>): void {
    const { log, network, seed } = this.#world
    const recordsMax = 1 + Math.floor(draw(seed, `${this.name} reads`, this.#reads++) * readMax)
    const request: Request<LogBlock> = { server: 'log', what: `read ${from}`, run: () => log.read(from, recordsMax) }
    const ask = (): void =>
      network.ask(this, request, (block) => {
        if (block.length > 0 || !waits) this.#handle({ kind: 'records', block })
        else log.whenReached(from, () => this.receive(ask))
      })
    ask()
  }

  #inOrder(request: Request<OwnerInput>): void {
    this.#commits.push(() => {
      this.#isCommitting = true
      this.#ask(request, () => {
        this.#isCommitting = false
        this.#commitNext()
      })
    })
    this.#commitNext()
  }

  #commitNext(): void {
    if (!this.#isCommitting) this.#commits.shift()?.()
  }
}

/** Between two inputs of the clock. */
const clockMs = 100
const pauseMsMin = 100
const pauseMs = 8_000
/** Records read at once. */
const readMax = 24
