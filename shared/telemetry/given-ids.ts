import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace'
import type { SpanPlace } from './tracing.ts'

/**
 * Gives the next span the ids that it is to have: a span is told when it is over, and its ids have gone to the log and to the client
 * long before.
 */
export class GivenIds implements IdGenerator {
  readonly #random = new RandomIdGenerator()
  #next: SpanPlace | undefined

  /** @param make starts exactly one span */
  during<T>(place: SpanPlace, make: () => T): T {
    this.#next = place
    try {
      return make()
    } finally {
      this.#next = undefined
    }
  }

  generateTraceId(): string {
    return this.#next?.traceId ?? this.#random.generateTraceId()
  }

  generateSpanId(): string {
    return this.#next?.spanId ?? this.#random.generateSpanId()
  }
}
