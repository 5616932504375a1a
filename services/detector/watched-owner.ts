import type { HostedOwner, LoopCommand, LoopInput, OwnerView } from './hosted-owner.ts'

/** An owner of which can be seen whether it gets on, and what it waits for. */
export class WatchedOwner implements HostedOwner {
  readonly #owner: HostedOwner
  /** Commands that were not answered yet. */
  readonly #unanswered = new Map<LoopCommand['kind'], number>()
  /** Answers of the log that brought it further. */
  #answers = 0
  #appended = 0

  constructor(owner: HostedOwner) {
    this.#owner = owner
  }

  get view(): OwnerView {
    return this.#owner.view
  }

  /** Offset of its last own record, such as its claim. */
  get appended(): number {
    return this.#appended
  }

  /** Another text after each step forward. */
  get progress(): string {
    return `${this.view.position} ${this.#answers}`
  }

  /** Whether it waits for what the log has, or for nobody; not for a store alone, which may be away or slow. */
  get waitsForLog(): boolean {
    const asked = (kind: LoopCommand['kind']): number => this.#unanswered.get(kind) ?? 0
    return asked('read') + asked('bounds') > 0 || [...this.#unanswered.values()].every((count) => count === 0)
  }

  start(execute: (commands: readonly LoopCommand[]) => void, onMistake: (error: unknown) => void): void {
    // What an earlier life was waiting for does not come any more.
    this.#unanswered.clear()
    this.#owner.start((commands) => {
      for (const { kind } of commands) if (!isUnanswered.has(kind)) this.#count(kind, 1)
      execute(commands)
    }, onMistake)
  }

  handle(input: LoopInput): void {
    const command = commandOf[input.kind]
    if (command !== undefined) this.#count(command, -1)
    if (input.kind === 'records' || input.kind === 'bounds') this.#answers++
    if (input.kind === 'appended') this.#appended = input.offset
    this.#owner.handle(input)
  }

  end(): void {
    this.#owner.end()
  }

  #count(kind: LoopCommand['kind'], change: 1 | -1): void {
    this.#unanswered.set(kind, (this.#unanswered.get(kind) ?? 0) + change)
  }
}

/** Which command an input answers. */
const commandOf: Readonly<Partial<Record<LoopInput['kind'], LoopCommand['kind']>>> = {
  appended: 'append',
  claimed: 'claim',
  bounds: 'bounds',
  records: 'read',
  marked: 'marked',
  loaded: 'load',
  outbox: 'outbox',
  staged: 'stage',
  committed: 'commit',
  offered: 'offer',
}

const isUnanswered: ReadonlySet<LoopCommand['kind']> = new Set(['judged', 'stopped', 'halt'])
