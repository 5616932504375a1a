import type { OwnerCommand, OwnerInput } from '#shared/protocol/owner-io'
import type { PartitionOwner } from '#shared/protocol/partition-owner'
import { type HostedOwner, type LoopCommand, type LoopInput, type OwnerView, unseen } from './hosted-owner.ts'

/** An owner on the thread that asks: commands come before `handle` returns, but for those of its clock and its turns. */
export class LocalOwner implements HostedOwner {
  readonly #create: () => Owner
  #owner: Owner | undefined
  #clock: NodeJS.Timeout | undefined
  /** Turns of an earlier owner are not taken by a later one. */
  #life = 0
  #hasEnded = false
  #execute: (commands: readonly LoopCommand[]) => void = () => {}
  #onMistake: (error: unknown) => void = () => {}

  constructor(create: () => Owner) {
    this.#create = create
  }

  get view(): OwnerView {
    return this.#owner ?? unseen
  }

  start(execute: (commands: readonly LoopCommand[]) => void, onMistake: (error: unknown) => void): void {
    this.#execute = execute
    this.#onMistake = onMistake
    this.#owner = this.#create()
    this.#life++
    this.#hasEnded = false
    this.#clock = setInterval(() => this.#handle({ kind: 'clock', now: Date.now() }), clockMs)
    this.#handle({ kind: 'start' })
  }

  handle(input: LoopInput): void {
    this.#handle(input)
  }

  end(): void {
    this.#hasEnded = true
    clearInterval(this.#clock)
  }

  #handle(input: OwnerInput): void {
    if (this.#hasEnded || this.#owner === undefined) return
    try {
      const commands = this.#owner.handle(input).filter((command) => this.#isForLoop(command))
      // Most ticks of the clock lead to nothing, and nothing else that can be seen changes by them.
      if (commands.length > 0 || input.kind !== 'clock') this.#execute(commands)
    } catch (error) {
      this.end()
      this.#onMistake(error)
    }
  }

  #isForLoop(command: OwnerCommand): command is LoopCommand {
    if (command.kind === 'stopped' || command.kind === 'halt') this.end()
    if (command.kind !== 'later') return true
    const life = this.#life
    setImmediate(() => {
      if (life === this.#life) this.#handle({ kind: 'later' })
    })
    return false
  }
}

type Owner = OwnerView & Pick<PartitionOwner, 'handle'>

/** Checkpoints follow each other by at least this. */
const clockMs = 100
