import type { HostedOwner, LoopCommand, LoopInput, OwnerView } from './hosted-owner.ts'

/** An owner of which can be seen whether it gets on, and what it waits for. */
export class WatchedOwner implements HostedOwner {
  readonly #owner: HostedOwner
  /** By kind of answer: how many have not come yet. */
  readonly #awaited = new Map<LoopInput['kind'], number>()
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
    const awaited = (kind: LoopInput['kind']): number => this.#awaited.get(kind) ?? 0
    return awaited('records') + awaited('bounds') > 0 || [...this.#awaited.values()].every((count) => count === 0)
  }

  start(execute: (commands: readonly LoopCommand[]) => void, onMistake: (error: unknown) => void): void {
    // What an earlier life was waiting for does not come any more.
    this.#awaited.clear()
    this.#owner.start((commands) => {
      for (const { kind } of commands) {
        const answer = answerOf[kind]
        if (answer !== undefined) this.#awaited.set(answer, (this.#awaited.get(answer) ?? 0) + 1)
      }
      execute(commands)
    }, onMistake)
  }

  handle(input: LoopInput): void {
    const count = this.#awaited.get(input.kind)
    if (count !== undefined) this.#awaited.set(input.kind, count - 1)
    if (input.kind === 'records' || input.kind === 'bounds') this.#answers++
    if (input.kind === 'appended') this.#appended = input.offset
    this.#owner.handle(input)
  }

  end(): void {
    this.#owner.end()
  }
}

/** Which input answers a command, for each there is; undefined: none does. */
const answerOf: Readonly<Record<LoopCommand['kind'], LoopInput['kind'] | undefined>> = {
  append: 'appended',
  claim: 'claimed',
  bounds: 'bounds',
  read: 'records',
  marked: 'marked',
  load: 'loaded',
  outbox: 'outbox',
  snapshots: 'snapshots',
  restore: 'restored',
  stage: 'staged',
  commit: 'committed',
  offer: 'offered',
  judged: undefined,
  notice: undefined,
  stopped: undefined,
  halt: undefined,
}
