import type { EventSchema } from '#shared/domain/event-schema'
import { invariant } from '#shared/domain/invariant'
import type { ByteSource } from '#shared/wire/byte-source'
import { CsvLines } from '#shared/wire/csv-lines'
import { type Format, formatOf } from '#shared/wire/input-format'
import { JsonLines, MappedJsonCodec } from '#shared/wire/json-lines'
import type { MapFile } from '#shared/wire/map-file'
import type { BlockReader, RowBlock } from '#shared/wire/row-block'
import type { Rows } from '#shared/wire/row-reader'
import { ScanCodec } from '#shared/wire/scan-codec'
import type { InputMessage, MapText, ThreadOrder } from './thread-messages.ts'

/** The bytes that another thread reads have broken off; that thread knows why. */
export class InputBroken extends Error {
  override readonly name = 'InputBroken'
}

/** The header is not the one with which the map was checked. The message is the file. */
export class HeaderChanged extends Error {
  override readonly name = 'HeaderChanged'
}

/** Bytes of all files in order, as messages bring them. How many come before they are taken is bounded by who sends them. */
export class FedInput {
  readonly #messages: InputMessage[] = []
  readonly #release: (chunk: number) => void
  #wake: (() => void) | undefined
  #taken = 0

  /** @param release a chunk is no longer needed */
  constructor(release: (chunk: number) => void) {
    this.#release = release
  }

  put(message: InputMessage): void {
    this.#messages.push(message)
    this.#wake?.()
  }

  /** The rest of the file at hand. */
  file(): ByteSource {
    return { read: (target, offset) => this.#read(target, offset), close: async () => {} }
  }

  async #read(target: Uint8Array, offset: number): Promise<number> {
    while (this.#messages.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    const [first] = this.#messages
    if (first.kind === 'broken') throw new InputBroken()
    if (first.kind === 'end-of-file') {
      this.#messages.shift()
      return 0
    }
    const count = Math.min(target.length - offset, first.length - this.#taken)
    target.set(new Uint8Array(first.bytes, this.#taken, count), offset)
    this.#taken += count
    if (this.#taken === first.length) {
      this.#messages.shift()
      this.#taken = 0
      this.#release(first.number)
    }
    return count
  }
}

type Inputs = Pick<ThreadOrder, 'files' | 'format' | 'map'> & { readonly schema: EventSchema }

/** The rows of inputs that `openRows` has checked: JSON and CSV, as Parquet is not read from front to back. */
export function fedRows(inputs: Inputs, input: FedInput): Pick<Rows, 'blocks'> {
  return { blocks: () => fedBlocks(inputs, input) }
}

async function* fedBlocks({ files, format, map, schema }: Inputs, input: FedInput): AsyncGenerator<RowBlock> {
  const mapFile = map && (await readMap(map, schema))
  let firstRow = 1
  for (const file of files) {
    const reader = await openReader(file, formatOf(file, format).format, { schema, mapFile, input })
    for (let block = await reader.next(firstRow); block !== undefined; block = await reader.next(firstRow)) {
      yield block
      firstRow += block.length
    }
  }
}

/** Loading what reads a map takes as long as ten thousand rows. */
async function readMap(map: MapText, schema: EventSchema): Promise<MapFile> {
  const { MapFile } = await import('#shared/wire/map-file')
  return MapFile.read(map, schema)
}

async function openReader(
  file: string,
  format: Format,
  { schema, mapFile, input }: { schema: EventSchema; mapFile: MapFile | undefined; input: FedInput },
): Promise<Pick<BlockReader, 'next'>> {
  if (format === 'json') {
    const bound = mapFile?.bind({ source: file, kind: 'object', columns: undefined })
    return new JsonLines(input.file(), bound === undefined ? new ScanCodec(schema) : new MappedJsonCodec(bound.decoder))
  }
  invariant(mapFile !== undefined && format === 'csv', `${file} cannot be fed`)
  const table = await CsvLines.open(input.file(), file)
  const { decoder, diagnostics } = mapFile.bind({ source: file, kind: 'texts', columns: table.columns })
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new HeaderChanged(file)
  return { next: (firstRow) => table.next(firstRow, decoder) }
}
