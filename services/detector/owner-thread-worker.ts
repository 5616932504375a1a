// A thread that owners of partitions live on: it hands them what their loops say, and hands on what they want done.
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '#shared/domain/invariant'
import { createOwner, type OwnerSettings } from './create-owner.ts'
import type { LoopCommand } from './hosted-owner.ts'
import { LocalOwner } from './local-owner.ts'
import { commandBuffers, type FromOwner, packCommand, type ToOwner, unpackInput } from './owner-messages.ts'

invariant(parentPort !== null, 'this file is a thread of its own')
const port = parentPort
const settings: OwnerSettings = workerData
const owners = new Map<number, LocalOwner>()

port.on('message', ({ partition, input }: ToOwner) => {
  if (input.kind === 'start') start(partition, input.life)
  else ownerOf(partition).handle(unpackInput(input))
})

function start(partition: number, life: number): void {
  owners.get(partition)?.end()
  const owner = new LocalOwner(() => createOwner(partition, settings))
  owners.set(partition, owner)
  const tell = (commands: readonly LoopCommand[]): void => {
    const { position, committedPosition, isReady, outboxLength, actors, stateBytes, now, counts } = owner.view
    const tally = commands.some(({ kind }) => kind === 'commit') ? owner.view.tally : undefined
    const view = { position, committedPosition, isReady, outboxLength, actors, stateBytes, now, counts, tally }
    const packed = commands.map(packCommand)
    const message: FromOwner = { partition, life, commands: packed, view }
    port.postMessage(message, packed.flatMap(commandBuffers))
  }
  // It ends this thread, and so all owners on it.
  owner.start(tell, (error) => {
    throw error
  })
}

function ownerOf(partition: number): LocalOwner {
  const owner = owners.get(partition)
  invariant(owner !== undefined, `partition ${partition} was not started here`)
  return owner
}
