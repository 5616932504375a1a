// One of several threads of a replay: judges the events of one share of all actors.
import { parentPort, workerData } from 'node:worker_threads'
import { hash52 } from '#shared/domain/hash52'
import { invariant } from '#shared/domain/invariant'
import { failureOf } from './failure-message.ts'
import { FedInput, fedRows, InputBroken } from './fed-input.ts'
import { Replay } from './replay.ts'
import type { FromThread, ThreadOrder, ToThread } from './thread-messages.ts'
import { ThreadOutput } from './thread-output.ts'

invariant(parentPort !== null, 'this file is a thread of its own')
const port = parentPort
const order: ThreadOrder = workerData
const send = (message: FromThread, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(message, transfer)

const input = new FedInput((number) => send({ kind: 'released', number }))
const output = new ThreadOutput({ send, now: () => replay.now, keepsDeadLetters: order.keepsDeadLetters })
const commands: ToThread[] = []
let wake: (() => void) | undefined

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'chunk':
    case 'end-of-file':
    case 'broken':
      input.put(message)
      break
    case 'taken':
      output.taken(message.weight)
      break
    default:
      commands.push(message)
      wake?.()
  }
})

async function command(): Promise<ToThread> {
  while (commands.length === 0)
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  return commands.shift() as ToThread
}

const { ruleSet, share } = order
const replay = new Replay({ ...order, rows: fedRows({ ...order, schema: ruleSet.events }, input), sink: output }, share)

async function run(): Promise<void> {
  const isSorted = order.order === 'event-time'
  if (isSorted) {
    await replay.read()
    const events = eventHashes()
    send({ kind: 'read', events, deadLetters: output.deadLetters }, [events.buffer])
    const go = await command()
    invariant(go.kind === 'judge', `judging was to follow, not ${go.kind}`)
    await replay.judge()
  } else await replay.inArrivalOrder()
  send({ kind: 'arrived' })
  for (let next = await command(); ; next = await command()) {
    invariant(next.kind === 'time' || next.kind === 'end', `time was to move on, not ${next.kind}`)
    if (isSorted) await replay.advance(next.at)
    if (next.kind === 'end') break
  }
  const summary = replay.finish()
  await output.finish()
  send({ kind: 'done', summary })
}

/** A scenario judges events of the same id at the same instant as one, whosever they are. */
function eventHashes(): Float64Array<ArrayBuffer> {
  if (ruleSet.scenarios.length === 0) return new Float64Array(0)
  const { length, id, at } = replay.batch
  return Float64Array.from({ length }, (_, i) => hash52(id[i], at[i] | 0)).sort()
}

try {
  await run()
} catch (error) {
  send(error instanceof InputBroken ? { kind: 'broken' } : { kind: 'failed', failure: failureOf(error) })
}
port.close()
