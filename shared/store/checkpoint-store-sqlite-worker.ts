// The thread that holds the checkpoint file. It answers one request after the other, in their order.

import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import { CheckpointDatabase, type Tuning } from './checkpoint-store-sqlite-database.ts'
import { judgeError } from './checkpoint-store-sqlite-failure.ts'
import { type Answer, buffersOf, type Request, type Response } from './checkpoint-store-sqlite-messages.ts'
import { giveWay } from './yielding-thread.ts'

invariant(parentPort !== null, 'this file is the entry of a worker thread')
const port = parentPort
giveWay()
const { folder, tuning } = workerData as { readonly folder: string; readonly tuning: Tuning }

/** Opened by the first request that needs it, and again after a failure that leaves doubt. */
let database: CheckpointDatabase | undefined

port.on('message', (request: Request) => {
  const response = respond(request)
  port.postMessage(response, buffersOf(response))
  if (request.kind === 'close') port.close()
})

function respond(request: Request): Response {
  try {
    if (request.kind === 'close') {
      closeDatabase()
      return { answer: undefined }
    }
    database ??= new CheckpointDatabase(folder, tuning)
    return { answer: answer(database, request) }
  } catch (error) {
    const judged = judgeError(error)
    // An error that nobody foresaw ends the thread; its owner tells all who wait.
    if (judged === undefined) throw error
    if (!judged.isOpenStill) closeDatabase()
    return { failure: judged.failure }
  }
}

function answer(store: CheckpointDatabase, { kind, ask }: Exclude<Request, { kind: 'close' }>): Answer {
  switch (kind) {
    case 'claim':
      return store.claim(ask.partition, ask.epoch)
    case 'stage':
      return store.stage(ask)
    case 'commit':
      return store.commit(ask)
    case 'load':
      return { ...store.load(ask.partition, ask.generation, ask.names, ask.count), ...store.asOf(ask.partition) }
    case 'marked':
      return { ...store.marked(ask.partition, ask.generation), ...store.asOf(ask.partition) }
    case 'page':
      return { ...store.page(ask.partition, ask.generation, ask.from), ...store.asOf(ask.partition) }
    case 'outbox':
      return { ...store.outbox(ask.partition), ...store.asOf(ask.partition) }
  }
}

function closeDatabase(): void {
  const open = database
  database = undefined
  open?.close()
}
