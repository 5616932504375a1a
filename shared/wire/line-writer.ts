import { access, constants, type FileHandle, open, rename, stat } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { fileProblem } from './input-failure.ts'

/** An output could not be opened (`isStarted` false) or written: a full disk, a reader that has gone. */
export class OutputFailed extends Error {
  readonly _tag = 'OutputFailed'
  override readonly name = 'OutputFailed'
  readonly isStarted: boolean
  /** Who read the pipe has seen enough (`| head`): no more can be done, but nothing is broken. */
  readonly isReaderGone: boolean

  constructor(name: string, cause: unknown, isStarted: boolean) {
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
    const known: Readonly<Record<string, string>> = {
      ENOSPC: 'no space is left on the device',
      EDQUOT: 'the quota of disk space is used up',
      EPIPE: 'its reader has gone',
      ENOENT: 'its folder does not exist',
      EACCES: 'may not be written',
      EISDIR: 'is a folder',
    }
    const what = known[String(code)]
    super(what === undefined ? fileProblem(name, cause) : `${name}: ${what}`, { cause })
    this.isStarted = isStarted
    this.isReaderGone = code === 'EPIPE'
  }
}

/** Where bytes go, in order; the next call comes after the last has resolved. */
interface ByteSink {
  write(bytes: Buffer): Promise<void>
  /** @param isComplete everything was written */
  close(isComplete: boolean): Promise<void>
}

/**
 * Writes lines to a file or stream, in large pieces.
 *
 * W1 `write` only gathers, so that it can be called from the middle of synchronous work. Whoever writes much awaits `drain`
 *    in between, which keeps what is gathered within what was written since.
 * W2 A failure is reported by the next `drain` or `close`, and by each one after it; nothing is written past it.
 * W3 A file is written beside its place and takes it when it is complete, so that a run that breaks off leaves the last good result as it
 *    was, and its own part in `FILE.partial`. A pipe or device is written as it is.
 */
export class LineWriter {
  readonly #name: string
  readonly #sink: ByteSink
  #gathered: string[] = []
  #characters = 0
  #failure: OutputFailed | undefined

  private constructor(name: string, sink: ByteSink) {
    this.#name = name
    this.#sink = sink
  }

  /** For a file or a pipe. Rejects with OutputFailed, `isStarted` false. */
  static async toFile(file: string): Promise<LineWriter> {
    const isWritable = await access(file, constants.W_OK).then(
      () => true,
      (error: unknown) => error,
    )
    const found = await stat(file).catch(() => undefined)
    if (found !== undefined && isWritable !== true) throw new OutputFailed(file, isWritable, false)
    const isReplaced = found === undefined || found.isFile()
    const target = isReplaced ? `${file}.partial` : file
    const handle = await open(target, 'w').catch((error: unknown) => {
      throw new OutputFailed(file, error, false)
    })
    return new LineWriter(file, new FileSink(handle, isReplaced ? { from: target, to: file } : undefined))
  }

  /** For stdout; closing does not end the stream. */
  static toStream(stream: Writable, name: string): LineWriter {
    return new LineWriter(name, new StreamSink(stream))
  }

  /** @param line without its line feed */
  write(line: string): void {
    if (this.#failure !== undefined) return
    this.#gathered.push(line)
    this.#characters += line.length + 1
  }

  /** Writes once enough is gathered. Rejects with OutputFailed. */
  async drain(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#characters >= pieceCharacters) await this.#flush()
  }

  /** Writes what is left, and resolves once the output has it. Rejects with OutputFailed. */
  async close(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.#flush()
    } finally {
      await this.#sink.close(this.#failure === undefined).catch((error: unknown) => this.#fail(error))
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  async #flush(): Promise<void> {
    if (this.#characters === 0) return
    const bytes = Buffer.from(`${this.#gathered.join('\n')}\n`)
    this.#gathered = []
    this.#characters = 0
    try {
      await this.#sink.write(bytes)
    } catch (error) {
      throw this.#fail(error)
    }
  }

  #fail(error: unknown): OutputFailed {
    this.#failure ??= new OutputFailed(this.#name, error, true)
    return this.#failure
  }
}

const pieceCharacters = 256 * 1024

class FileSink implements ByteSink {
  readonly #handle: FileHandle
  readonly #rename: { readonly from: string; readonly to: string } | undefined

  constructor(handle: FileHandle, rename: { readonly from: string; readonly to: string } | undefined) {
    this.#handle = handle
    this.#rename = rename
  }

  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; )
      at += (await this.#handle.write(bytes, at, bytes.length - at, null)).bytesWritten
  }

  async close(isComplete: boolean): Promise<void> {
    await this.#handle.close()
    if (isComplete && this.#rename !== undefined) await rename(this.#rename.from, this.#rename.to)
  }
}

class StreamSink implements ByteSink {
  readonly #stream: Writable
  readonly #onError = (): void => {}

  constructor(stream: Writable) {
    this.#stream = stream
    // The callback of the write has the error; without a listener the event would end the process.
    stream.on('error', this.#onError)
  }

  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  async close(): Promise<void> {
    // After a failed write the event may still be on its way.
    if (!this.#stream.errored) this.#stream.off('error', this.#onError)
  }
}
