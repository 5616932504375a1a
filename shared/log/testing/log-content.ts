// What tests put into a log, and how they read what it holds.
import { type LogBlock, recordKinds } from '#shared/protocol/log-record'
import { type AppendRequest, type AppendResult, type EventLog, LogUnavailable } from '../event-log.ts'

interface EventFields {
  readonly id: string
  readonly partition?: number
  readonly at?: number
  readonly digest?: number
  readonly body?: string
}

export function events(
  list: readonly EventFields[],
  { traceparent = '', receivedAt = 5_000 }: { readonly traceparent?: string; readonly receivedAt?: number } = {},
): AppendRequest {
  return {
    kind: 'event',
    receivedAt,
    traceparent,
    partitions: list.map(({ partition = 0 }) => partition),
    ids: list.map(({ id }) => id),
    at: list.map(({ at = noon }) => at),
    digests: list.map(({ digest = 1 }) => digest),
    bodies: list.map(({ id, body = `body of ${id}` }) => Buffer.from(body)),
  }
}

export async function appended(
  log: EventLog,
  request: AppendRequest,
): Promise<Extract<AppendResult, { readonly kind: 'appended' }>> {
  const result = await log.append(request)
  if (result.kind === 'conflict') throw new Error(`conflict at ${result.indexes}`)
  return result
}

export function records(block: LogBlock) {
  return Array.from({ length: block.length }, (_, i) => ({
    offset: block.offsets[i],
    kind: recordKinds[block.kinds[i]],
    receivedAt: block.receivedAt[i],
    traceparent: block.traceparents[i],
    body: Buffer.from(block.bytes.subarray(block.starts[i], block.ends[i])).toString(),
  }))
}

export async function readAll(log: EventLog, partition: number) {
  const all: ReturnType<typeof records> = []
  let from = (await log.bounds(partition)).first
  for (let block = await log.read(partition, from, 64); block.length > 0; ) {
    all.push(...records(block))
    from = block.offsets[block.length - 1] + 1
    block = await log.read(partition, from, 64)
  }
  return all
}

export const bodies = async (log: EventLog, partition = 0): Promise<string[]> =>
  (await readAll(log, partition)).map(({ body }) => body)

/** As a caller does: the same again until there is an answer. */
export async function appendedAtLast(log: EventLog, request: AppendRequest): ReturnType<typeof appended> {
  for (;;)
    try {
      return await appended(log, request)
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error
      await turn()
    }
}

/** Looks again and again. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

/** When an event happens that does not say. */
export const noon = Date.UTC(2026, 5, 15, 12)
