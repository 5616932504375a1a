/** Where snapshots are kept: byte strings by key. A key is made of words of letters, digits, `-` and `.`, with `/` between. */
export interface SnapshotPlace {
  /** For people: without credentials. */
  readonly where: string
  /** Whole or not at all; replaces what is there. Rejects with SnapshotPlaceUnavailable. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** undefined: there is none. Rejects with SnapshotPlaceUnavailable. */
  get(key: string): Promise<Uint8Array | undefined>
  /** All keys that begin with `prefix`, which ends with `/`, in no order. Rejects with SnapshotPlaceUnavailable. */
  list(prefix: string): Promise<readonly string[]>
  /** Also where there is none. Rejects with SnapshotPlaceUnavailable. */
  remove(key: string): Promise<void>
}

/** The place of snapshots cannot be reached, read or written now. It is tried again: at a start until it succeeds, else with the next snapshot. */
export class SnapshotPlaceUnavailable extends Error {
  readonly _tag = 'SnapshotPlaceUnavailable'
  override readonly name = 'SnapshotPlaceUnavailable'
}

/** Lives as long as the process. */
export class MemorySnapshotPlace implements SnapshotPlace {
  readonly where = 'memory'
  readonly objects = new Map<string, Uint8Array>()

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.objects.set(key, bytes.slice())
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(key)
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix))
  }

  async remove(key: string): Promise<void> {
    this.objects.delete(key)
  }
}
