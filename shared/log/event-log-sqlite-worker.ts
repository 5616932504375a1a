// The thread of the database: it waits for the disk, so that nobody else has to. Messages are taken one after the other.
import type { TransferListItem } from 'node:worker_threads'
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import { SqliteLogDatabase } from './sqlite-log-database.ts'
import { failureOf, LogRefused } from './sqlite-log-failure.ts'
import type { AppendGroup, DatabaseSettings, FromDatabase, ToDatabase } from './sqlite-log-messages.ts'
import { logFile } from './sqlite-log-schema.ts'
import { packTraces } from './trace-runs.ts'

invariant(parentPort !== null, 'this file is a thread of its own')
const port = parentPort
const settings: DatabaseSettings = workerData

function answer(message: FromDatabase, transfer: readonly TransferListItem[] = []): void {
  port.postMessage(message, transfer)
}

function open(): SqliteLogDatabase | undefined {
  try {
    return new SqliteLogDatabase(settings)
  } catch (error) {
    if (error instanceof LogRefused) answer({ kind: 'refused', message: error.message })
    else answer({ kind: 'unavailable', failure: failureOf(logFile(settings.folder), error) })
    port.close()
    return undefined
  }
}

const database = open()
if (database !== undefined) {
  port.on('message', (message: ToDatabase) => take(database, message))
  answer({ kind: 'opened', firsts: database.firsts, nexts: database.nexts })
}

function take(log: SqliteLogDatabase, message: ToDatabase): void {
  switch (message.kind) {
    case 'append':
      append(log, message.group)
      break
    case 'probe':
      answer({ kind: 'probed', failure: log.probe(message.bytes) })
      break
    case 'read':
      orFailure(log, message.ticket, () => read(log, message))
      break
    case 'find':
      orFailure(log, message.ticket, () => {
        answer({ kind: 'found', ticket: message.ticket, events: log.find(message.ids) })
      })
      break
    case 'trim':
      orFailure(log, message.ticket, () => {
        answer({ kind: 'trimmed', ticket: message.ticket, ...log.trim(message.partition, message) })
      })
      break
    case 'close':
      log.close()
      port.close()
  }
}

function append(log: SqliteLogDatabase, group: AppendGroup): void {
  // A few bytes by record: to copy them costs less than to hand buffers over.
  answer({ kind: 'appended', outcome: log.append(group) })
}

function read(log: SqliteLogDatabase, message: Extract<ToDatabase, { readonly kind: 'read' }>): void {
  const { traceparents, ...block } = log.read(message.partition, message.from, message.bytesMax)
  const { offsets, kinds, receivedAt, starts, ends, bytes } = block
  const columns = [offsets, kinds, receivedAt, starts, ends, bytes]
  answer(
    { kind: 'block', ticket: message.ticket, block: { ...block, traces: packTraces(traceparents) } },
    columns.map((column) => column.buffer),
  )
}

function orFailure(log: SqliteLogDatabase, ticket: number, work: () => void): void {
  try {
    work()
  } catch (error) {
    answer({ kind: 'failed', ticket, failure: log.failure(error) })
  }
}
