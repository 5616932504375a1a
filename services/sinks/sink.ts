/**
 * Where messages for others go: a topic or a subject of a bank's own broker.
 *
 * S1 What was sent has been acknowledged by the broker, which has it as durably as it has anything.
 * S2 A connection that failed is closed and replaced: nothing that it held back is sent later by itself.
 */
export interface Sink {
  /** Under this name the alert store keeps how far it is: the kind of broker and the topic, so that hosts may change. */
  readonly name: string
  /** For people: without credentials. */
  readonly where: string
  /** Within some seconds. Rejects with SinkUnavailable, or with SinkRefused where somebody has to change something first. */
  open(): Promise<SinkConnection>
}

export interface SinkConnection {
  /**
   * All of them, in any order; resolves once the broker has every one. Rejects with SinkUnavailable, or with MessageTooLarge; how many it has
   * is unknown then.
   */
  send(messages: readonly OutgoingMessage[]): Promise<void>
  /** Never rejects. */
  close(): Promise<void>
}

export interface OutgoingMessage {
  /** The same for a repeat, and for nothing else. */
  readonly id: string
  /** Messages of one key stay in order where the broker keeps order by key. */
  readonly key: string
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** The broker is away or refuses for now: the same may be sent again. */
export class SinkUnavailable extends Error {
  readonly _tag = 'SinkUnavailable'
  override readonly name = 'SinkUnavailable'
}

/** The broker answers and will not take messages until somebody changes something; the message says what. */
export class SinkRefused extends Error {
  readonly _tag = 'SinkRefused'
  override readonly name = 'SinkRefused'
}

/** The broker takes no message of this size. */
export class MessageTooLarge extends Error {
  readonly _tag = 'MessageTooLarge'
  override readonly name = 'MessageTooLarge'
}

/** A broker in memory, for tests. */
export class MemorySink implements Sink {
  readonly name = 'memory topic'
  readonly where = 'memory://topic'
  readonly messages: OutgoingMessage[] = []
  messageBytesMax = Number.POSITIVE_INFINITY
  opened = 0
  closed = 0
  /** Called before each message is taken; what it throws the sender is told. */
  beforeTaken: (message: OutgoingMessage) => void = () => {}
  /** What `open` rejects with. */
  refusal: Error | undefined

  async open(): Promise<SinkConnection> {
    if (this.refusal !== undefined) throw this.refusal
    this.opened++
    return {
      send: async (messages) => {
        for (const message of messages) {
          if (message.body.length > this.messageBytesMax) throw new MessageTooLarge(`${this.messageBytesMax} bytes`)
          this.beforeTaken(message)
          this.messages.push(message)
        }
      },
      close: async () => {
        this.closed++
      },
    }
  }
}
