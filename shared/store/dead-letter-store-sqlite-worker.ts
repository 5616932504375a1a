// The thread that holds the file of dead letters. It answers one request after the other, in their order.

import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import type { Request, Response } from './dead-letter-store-sqlite.ts'
import { DeadLetterDatabase, type LetterBounds } from './dead-letter-store-sqlite-database.ts'
import { giveWay } from './yielding-thread.ts'

invariant(parentPort !== null, 'this file is the entry of a worker thread')
const port = parentPort
giveWay()
const { folder, bounds } = workerData as { readonly folder: string; readonly bounds: LetterBounds }

/** Rows are personal data: they go when their time is over, also where no other comes. */
const expireEveryMs = 3_600_000

/** Opened by the first request that needs it, and again after a failure. */
let database: DeadLetterDatabase | undefined

const expiry = setInterval(() => {
  try {
    database?.expire()
  } catch {
    // The next request meets the same, and tells it.
  }
}, expireEveryMs)
expiry.unref()

port.on('message', (request: Request) => {
  port.postMessage(respond(request))
  if (request.kind === 'close') port.close()
})

function respond(request: Request): Response {
  try {
    if (request.kind === 'close') {
      database?.close()
      return { answer: undefined }
    }
    database ??= new DeadLetterDatabase(folder, bounds)
    return { answer: answer(database, request) }
  } catch (error) {
    // Whatever SQLite or the file system says, the next request opens the file anew.
    const broken = database
    database = undefined
    try {
      broken?.close()
    } catch {
      // What it failed with before says more.
    }
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

function answer(letters: DeadLetterDatabase, request: Exclude<Request, { kind: 'close' }>): unknown {
  switch (request.kind) {
    case 'add':
      return letters.add(request.letters)
    case 'list':
      return letters.list(request.query)
    case 'letter':
      return letters.letter(request.id)
    case 'remove':
      return letters.remove(request.id)
    case 'amend':
      return letters.amend(request.id, request.problem)
  }
}
