import { access, constants, open, stat } from 'node:fs/promises'
import type { EventSchema } from '#shared/domain/event-schema'
import { invariant } from '#shared/domain/invariant'
import type { Diagnostic } from '#shared/rule-language/diagnostic'
import type { ByteSource } from './byte-source.ts'
import type { Codec } from './codec.ts'
import { CsvLines } from './csv-lines.ts'
import { fileProblem, InputFailed, InputRefused } from './input-failure.ts'
import { type Format, formatOf, type InputFormat } from './input-format.ts'
import { inputLimits } from './input-limits.ts'
import { JsonLines, MappedJsonCodec } from './json-lines.ts'
import type { MapDecoder } from './map-decoder.ts'
import type { BoundMap, MapFile } from './map-file.ts'
import { openSource } from './open-source.ts'
import { inMemory, onDisk, ParquetRows } from './parquet-rows.ts'
import type { BlockReader, RowBlock } from './row-block.ts'
import type { RowShape } from './row-shape.ts'
import { ScanCodec } from './scan-codec.ts'

export interface RowInputs {
  /** Read one after the other; `-` is stdin. */
  readonly files: readonly string[]
  /** For stdin, and for names that tell no format. */
  readonly format?: Format | undefined
  readonly schema: EventSchema
  readonly map?: MapFile | undefined
  /** For JSON rows without a map; `ScanCodec` where it is left out. */
  readonly codec?: Codec | undefined
  readonly stdin: AsyncIterable<Uint8Array>
}

/**
 * Opens all inputs, reads the headers that there are, and checks the map against each, so that what is wrong is known before the
 * first row.
 * Rejects with InputRefused where reading cannot start, and with InputFailed where a file breaks off already in its header.
 */
export async function openRows(inputs: RowInputs): Promise<Rows> {
  const targets = inputs.files.map((file) => ({ file, ...formatOf(file, inputs.format) }))
  await refuseUnreadable(targets, inputs.map)
  const prepared: Prepared[] = []
  for (const target of targets) prepared.push(await prepare(target, inputs))
  const diagnostics = [...(inputs.map?.diagnostics ?? []), ...prepared.flatMap((input) => input.diagnostics)]
  if (diagnostics.some(({ severity }) => severity === 'error'))
    throw new InputRefused('the map cannot be used', oncePerPlace(diagnostics))
  return new Rows(prepared.map(({ openReader }) => openReader))
}

/** The rows of all inputs in order. */
export class Rows {
  readonly #inputs: readonly (() => Promise<BlockReader>)[]

  constructor(inputs: readonly (() => Promise<BlockReader>)[]) {
    this.#inputs = inputs
  }

  /**
   * Blocks of rows; each is valid until the next is asked for. To be run through once.
   * Throws InputFailed; what was handed out before stays good. Leaving the loop early closes the input.
   */
  async *blocks(): AsyncGenerator<RowBlock, void, undefined> {
    let firstRow = 1
    for (const open of this.#inputs) {
      const reader = await open()
      try {
        for (let block = await reader.next(firstRow); block !== undefined; block = await reader.next(firstRow)) {
          yield block
          firstRow += block.length
        }
      } finally {
        await reader.close()
      }
    }
  }
}

interface Target extends InputFormat {
  readonly file: string
}

interface Prepared {
  readonly diagnostics: readonly Diagnostic[]
  openReader(): Promise<BlockReader>
}

/** What CSV and Parquet have in common. */
interface Table {
  readonly columns: readonly string[]
  next(firstRow: number, decoder: MapDecoder, needed: BoundMap['columns']): Promise<RowBlock | undefined>
  close(): Promise<void>
}

/** Everything that can be told from the names, at once. */
async function refuseUnreadable(targets: readonly Target[], map: MapFile | undefined): Promise<void> {
  const found: string[] = []
  for (const { file, format } of targets) {
    if (file !== '-') {
      // Not by opening it: who writes into a named pipe would meet a reader that goes away at once.
      const problem = await access(file, constants.R_OK).catch((error: unknown) => fileProblem(file, error))
      if (problem !== undefined) found.push(problem)
      else if ((await stat(file)).isDirectory()) found.push(`${file}: is a folder`)
    }
    if (format !== 'json' && map === undefined)
      found.push(`${file}: ${format} has columns of its own, so a map must say what they are: --map FILE`)
  }
  if (targets.filter(({ file }) => file === '-').length > 1) found.push('stdin (-) can be read once only')
  if (found.length > 0) throw new InputRefused(found.join('\n'))
}

async function prepare(target: Target, inputs: RowInputs): Promise<Prepared> {
  const { file, format, isGzip } = target
  const openBytes = (): Promise<ByteSource> => openSource(file, isGzip, inputs.stdin)
  if (format === 'json') {
    const bound = inputs.map?.bind({ source: file, kind: 'object', columns: undefined })
    const codec =
      bound === undefined ? (inputs.codec ?? new ScanCodec(inputs.schema)) : new MappedJsonCodec(bound.decoder)
    return { diagnostics: bound?.diagnostics ?? [], openReader: async () => new JsonLines(await openBytes(), codec) }
  }
  if (format === 'csv')
    return prepareTable(target, inputs, 'texts', async () => closingOnFailure(await openBytes(), CsvLines.open, file))
  return prepareTable(target, inputs, 'cells', () => openParquet(target, openBytes))
}

/** Binds the map to the header. A file is opened again when its turn comes, so that many inputs do not mean many open files. */
async function prepareTable(
  { file }: Target,
  { map }: RowInputs,
  kind: RowShape['kind'],
  openTable: () => Promise<Table>,
): Promise<Prepared> {
  invariant(map !== undefined, `${file} has a header and no map`)
  const first = await openTable()
  const { columns } = first
  const bound = map.bind({ source: file, kind, columns })
  const comesOnce = file === '-' || !(await stat(file)).isFile()
  if (!comesOnce) await first.close()
  const openReader = async (): Promise<BlockReader> => {
    const table = comesOnce ? first : await openTable()
    if (table.columns.join() !== columns.join()) {
      await table.close()
      throw new InputFailed({
        file,
        at: 'the header',
        cause: new Error('the file was changed after its header was read'),
      })
    }
    return {
      next: (firstRow) => table.next(firstRow, bound.decoder, bound.columns),
      close: () => table.close(),
    }
  }
  return { diagnostics: bound.diagnostics, openReader }
}

async function closingOnFailure<T>(
  source: ByteSource,
  openTable: (source: ByteSource, file: string) => Promise<T>,
  file: string,
): Promise<T> {
  try {
    return await openTable(source, file)
  } catch (error) {
    await source.close()
    throw error
  }
}

async function openParquet({ file, isGzip }: Target, openBytes: () => Promise<ByteSource>): Promise<Table> {
  if (file === '-' || isGzip || !(await stat(file)).isFile()) {
    const source = await openBytes()
    try {
      return await ParquetRows.open(inMemory(await readAll(source, file)), file, async () => {})
    } finally {
      await source.close()
    }
  }
  const handle = await open(file)
  try {
    return await ParquetRows.open(onDisk(handle, (await handle.stat()).size), file, () => handle.close())
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function readAll(source: ByteSource, file: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytesMax = inputLimits.parquetInMemoryBytesMax
  let bytes = new Uint8Array(inputLimits.readBytes)
  let length = 0
  for (let count = -1; count !== 0; length += count) {
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(length * 2, bytesMax + 1))
      larger.set(bytes)
      bytes = larger
    }
    count = await source.read(bytes, length)
    if (length + count > bytesMax)
      throw new InputRefused(
        `${file}: compressed or piped Parquet is held in memory, up to ${bytesMax} bytes; give it as a plain file`,
      )
  }
  return bytes.subarray(0, length)
}

/** Several files with one header raise the same errors. */
function oncePerPlace(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>()
  for (const diagnostic of diagnostics) {
    const place = `${diagnostic.line}:${diagnostic.column}:${diagnostic.code}`
    if (!seen.has(place)) seen.set(place, diagnostic)
  }
  return [...seen.values()].sort((a, b) => a.line - b.line || a.column - b.column)
}
