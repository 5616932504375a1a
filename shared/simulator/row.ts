import { ByteReader, ByteWriter } from '#shared/checkpoint/bytes'
import { checksum32 } from '#shared/checkpoint/checksum'
import type { EventBatch } from '#shared/domain/event-batch'
import type { EventSchema } from '#shared/domain/event-schema'
import type { Problem } from '#shared/domain/problem'
import type { RowDecoder } from '#shared/protocol/generation'

/** An event as the simulated bank sends it. */
export interface Payment {
  readonly id: string
  /** Event time in ms since 1970. */
  readonly at: number
  readonly account: string
  readonly card: string
  readonly amount: number
  readonly kind: string
}

export function encodePayment({ id, at, account, card, amount, kind }: Payment): Uint8Array {
  const writer = new ByteWriter()
  writer.text(id)
  writer.number(at)
  writer.text(account)
  writer.text(card)
  writer.uint(amount)
  writer.text(kind)
  return writer.bytes.slice(0, writer.length)
}

export function decodePayment(bytes: Uint8Array, start = 0, end = bytes.length): Payment {
  const reader = new ByteReader(bytes, start, end)
  const [id, at, account, card] = [reader.text(), reader.number(), reader.text(), reader.text()]
  return { id, at, account, card, amount: reader.uint(), kind: reader.text() }
}

/** What no codec understands. */
export const isBad = ({ kind }: Payment): boolean => kind === ''

/** The codec of simulated logs. */
export class PaymentDecoder implements RowDecoder {
  readonly #fields: readonly (keyof Payment)[]

  constructor(schema: EventSchema) {
    this.#fields = schema.fields.map(({ path }) => path as keyof Payment)
  }

  decode(bytes: Uint8Array, start: number, end: number, batch: EventBatch, _offset?: number): Problem | undefined {
    const payment = decodePayment(bytes, start, end)
    if (isBad(payment)) return { reason: 'bad-value', field: 'kind', message: 'the payment has no kind' }
    const row = batch.append(0, payment.at, payment.id)
    for (const [field, name] of this.#fields.entries()) {
      const value = payment[name]
      const [texts, numbers] = [batch.texts[field], batch.numbers[field]]
      if (texts !== undefined) texts[row] = value as string
      if (numbers !== undefined) numbers[row] = value as number
    }
    batch.digest[row] = checksum32(bytes, start, end)
    return undefined
  }
}

export function textBytes(text: string): Uint8Array {
  const writer = new ByteWriter()
  writer.text(text)
  return writer.bytes.slice(0, writer.length)
}

export const textOf = (bytes: Uint8Array): string => new ByteReader(bytes, 0, bytes.length).text()
