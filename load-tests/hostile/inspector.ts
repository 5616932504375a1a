import { once } from 'node:events'

/** The heaps of a process, looked at through its inspector (`node --inspect`): of the main thread and of all others. */
export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  /** By id of the session with a thread. */
  readonly #threads = new Set<string>()
  #nextId = 1

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data))))
  }

  /** @param port where the inspector listens on this machine */
  static async open(port: number): Promise<Inspector> {
    const [{ webSocketDebuggerUrl }] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as [
      { webSocketDebuggerUrl: string },
    ]
    const socket = new WebSocket(webSocketDebuggerUrl)
    await once(socket, 'open')
    const inspector = new Inspector(socket)
    await inspector.#ask('NodeWorker.enable', { waitForDebuggerOnStart: false })
    await inspector.#ask('Runtime.evaluate', { expression: keepCode })
    return inspector
  }

  /** What is alive: after collections of garbage in all threads. Bytes. */
  async heaps(): Promise<Heaps> {
    for (let round = 0; round < rounds; round++) {
      await this.#ask('HeapProfiler.collectGarbage')
      for (const thread of this.#threads) await this.#ask('HeapProfiler.collectGarbage', {}, thread)
    }
    const main = await this.#memory(undefined)
    let threadsBytes = 0
    for (const thread of this.#threads) threadsBytes += (await this.#memory(thread)).objectBytes
    return { ...main, threadsBytes, threads: this.#threads.size }
  }

  close(): void {
    this.#socket.close()
  }

  async #memory(thread: string | undefined): Promise<Pick<Heaps, 'objectBytes' | 'codeBytes' | 'externalBytes'>> {
    const answer = await this.#ask('Runtime.evaluate', { expression: readMemory, returnByValue: true }, thread)
    const { external, spaces } = (answer as { result: { value: Memory } }).result.value
    let objectBytes = 0
    let codeBytes = 0
    for (const { space_name, space_used_size } of spaces)
      if (/code|trusted/.test(space_name)) codeBytes += space_used_size
      else objectBytes += space_used_size
    return { objectBytes, codeBytes, externalBytes: external }
  }

  async #ask(method: string, params: object = {}, thread?: string): Promise<unknown> {
    const id = this.#nextId++
    const message = { id, method, params }
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    if (thread === undefined) this.#socket.send(JSON.stringify(message))
    else await this.#ask('NodeWorker.sendMessageToWorker', { sessionId: thread, message: JSON.stringify(message) })
    const { result, error } = await answered
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }

  #take(message: Message): void {
    if ('id' in message) {
      this.#waiting.get(message.id)?.(message)
      this.#waiting.delete(message.id)
    } else if (message.method === 'NodeWorker.attachedToWorker') this.#threads.add(message.params.sessionId)
    else if (message.method === 'NodeWorker.detachedFromWorker') this.#threads.delete(message.params.sessionId)
    else if (message.method === 'NodeWorker.receivedMessageFromWorker') this.#take(JSON.parse(message.params.message))
  }
}

export interface Heaps {
  /** In the heap of the main thread. */
  readonly objectBytes: number
  /** There too: what was compiled. It goes on for a long time, since the rarest way through the code takes its time to become frequent. */
  readonly codeBytes: number
  /** Outside of it, held by its objects: buffers, the arena of all state. */
  readonly externalBytes: number
  /** Objects in the heaps of the other threads together. */
  readonly threadsBytes: number
  readonly threads: number
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

type Message =
  | Answer
  | { readonly method: string; readonly params: { readonly sessionId: string; readonly message: string } }

interface Memory {
  readonly external: number
  readonly spaces: readonly { readonly space_name: string; readonly space_used_size: number }[]
}

const readMemory =
  "({ external: process.memoryUsage().external, spaces: process.getBuiltinModule('node:v8').getHeapSpaceStatistics() })"

/** Otherwise what was not called for a while is forgotten, and its memory falls and rises for reasons of its own. */
const keepCode = "process.getBuiltinModule('node:v8').setFlagsFromString('--no-flush-bytecode')"

/** What finalizers let go of is free after the next collection. */
const rounds = 3
