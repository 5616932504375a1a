import { Worker } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import type { OwnerSettings } from './create-owner.ts'
import { type HostedOwner, type LoopCommand, type LoopInput, type OwnerView, unseen } from './hosted-owner.ts'
import { type FromOwner, inputBuffers, packInput, type ToOwner, unpackCommand } from './owner-messages.ts'

/**
 * A thread of its own for the owners of some partitions. Their loops stay on the thread that makes it, with the clients of the log and the
 * stores; inputs go over, commands come back.
 *
 * T1 Messages of a partition arrive in order, so its owner meets its inputs as it would beside its loop.
 * T2 What waits to be handled is bounded: a loop sends `start`, `stop`, and one answer to each command; an owner has one command of a kind out.
 * T3 Of an owner that has begun anew, nothing that it said before is heard.
 * T4 A thread that ends before it was told to ends all its owners, and their loops hear why.
 */
export class OwnerThread {
  readonly #worker: Worker
  readonly #owners = new Map<number, RemoteOwner>()
  #isEnding = false

  constructor(settings: OwnerSettings) {
    this.#worker = new Worker(new URL('./owner-thread-worker.ts', import.meta.url), { workerData: settings })
    this.#worker.on('message', (message: FromOwner) => this.#take(message))
    this.#worker.on('error', (error) => this.#die(error))
    this.#worker.on('messageerror', (error) => this.#die(error))
    this.#worker.on('exit', (code) => this.#die(new Error(`a thread of partitions ended by itself, with ${code}`)))
  }

  /** The owner of one more partition, on this thread. */
  add(partition: number): HostedOwner {
    const send = (input: ToOwner['input']): void =>
      this.#worker.postMessage({ partition, input } satisfies ToOwner, inputBuffers(input))
    const owner = new RemoteOwner(send)
    this.#owners.set(partition, owner)
    return owner
  }

  /** Resolves when the thread is gone. What its owners have not committed is in the log. */
  async end(): Promise<void> {
    this.#isEnding = true
    await this.#worker.terminate()
  }

  #take({ partition, life, commands, view }: FromOwner): void {
    const owner = this.#owners.get(partition)
    invariant(owner !== undefined, `partition ${partition} has no owner on this thread`)
    owner.take(life, commands.map(unpackCommand), view)
  }

  #die(error: unknown): void {
    if (this.#isEnding) return
    this.#isEnding = true
    for (const owner of this.#owners.values()) owner.die(error)
  }
}

class RemoteOwner implements HostedOwner {
  view: OwnerView = unseen
  readonly #send: (input: ToOwner['input']) => void
  #life = 0
  #hasEnded = false
  #execute: (commands: readonly LoopCommand[]) => void = () => {}
  #onMistake: (error: unknown) => void = () => {}

  constructor(send: (input: ToOwner['input']) => void) {
    this.#send = send
  }

  start(execute: (commands: readonly LoopCommand[]) => void, onMistake: (error: unknown) => void): void {
    this.#execute = execute
    this.#onMistake = onMistake
    this.#hasEnded = false
    this.#life++
    this.#send({ kind: 'start', life: this.#life })
  }

  handle(input: LoopInput): void {
    if (!this.#hasEnded) this.#send(packInput(input))
  }

  end(): void {
    this.#hasEnded = true
  }

  take(life: number, commands: readonly LoopCommand[], view: OwnerView): void {
    if (life !== this.#life) return
    // Most messages come without a tally, which is large: the last one stands.
    this.view = view.tally === undefined ? { ...view, tally: this.view.tally } : view
    if (!this.#hasEnded) this.#execute(commands)
  }

  die(error: unknown): void {
    this.view = { ...this.view, isReady: false }
    if (!this.#hasEnded) this.#onMistake(error)
    this.end()
  }
}
