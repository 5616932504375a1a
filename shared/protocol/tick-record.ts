import { ByteReader, ByteWriter } from '#shared/checkpoint/bytes'

/** Content of a `tick` record: event time has come to this instant, although no event says so. */
export function encodeTick(at: number): Uint8Array {
  const writer = new ByteWriter()
  writer.number(at)
  return writer.bytes.slice(0, writer.length)
}

/** Throws BadStateError. */
export const decodeTick = (body: Uint8Array): number => new ByteReader(body, 0, body.length).number()
