// The thread of the index of ids: it waits for the disk, so that nobody else has to. Messages are taken one after the other.
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import { BrokerIndexDatabase, type FrameEvents, type IndexedFrame } from './broker-index-database.ts'
import type { Position } from './recent-ids.ts'

export type ToIndex =
  | { readonly kind: 'add'; readonly events: FrameEvents; readonly firsts: readonly number[] }
  | { readonly kind: 'find'; readonly ticket: number; readonly ids: readonly string[] }
  | { readonly kind: 'removed'; readonly partition: number; readonly first: number }
  | { readonly kind: 'close' }

export type FromIndex =
  | {
      readonly kind: 'opened'
      readonly nexts: readonly number[]
      readonly marks: readonly (IndexedFrame | undefined)[]
    }
  | { readonly kind: 'added'; readonly count: number }
  | { readonly kind: 'found'; readonly ticket: number; readonly positions: readonly Position[] }

invariant(parentPort !== null, 'this file is a thread of its own')
const port = parentPort
// What it throws ends the thread, and who started it hears of that.
const database = new BrokerIndexDatabase(workerData)
const answer = (message: FromIndex): void => port.postMessage(message)

port.on('message', (message: ToIndex) => {
  switch (message.kind) {
    case 'add':
      database.add(message.events, message.firsts)
      answer({ kind: 'added', count: message.events.ids.length })
      break
    case 'find':
      answer({ kind: 'found', ticket: message.ticket, positions: database.find(message.ids) })
      break
    case 'removed':
      database.removed(message.partition, message.first)
      break
    case 'close':
      database.close()
      port.close()
  }
})
answer({ kind: 'opened', nexts: database.nexts, marks: database.marks })
