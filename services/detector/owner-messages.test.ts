import { MessageChannel, receiveMessageOnPort, type TransferListItem } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { LogBlockBuilder } from '#shared/log/log-block-builder'
import type { ActorEntry, OutboxEntry } from '#shared/protocol/commit'
import type { LoopCommand, LoopInput } from './hosted-owner.ts'
import { commandBuffers, inputBuffers, packCommand, packInput, unpackCommand, unpackInput } from './owner-messages.ts'

const { port1, port2 } = new MessageChannel()
afterAll(() => port1.close())

/** Through a channel, as between threads. */
function sent<Message>(message: Message, buffers: readonly TransferListItem[]): Message {
  port1.postMessage(message, buffers)
  return receiveMessageOnPort(port2)?.message
}

const bytes = (...values: number[]): Uint8Array => {
  // As owners make them: side by side in one buffer.
  const shared = new Uint8Array(1_000)
  shared.set(values, 500)
  return shared.subarray(500, 500 + values.length)
}

const actors: readonly ActorEntry[] = [
  { population: 0, key: 'A1', generation: 3, form: 'base', deadline: Infinity, hasBook: false, bytes: bytes(1, 2, 3) },
  { population: 2, key: '', generation: 2 ** 40, form: 'appended', deadline: 17.5, hasBook: true, bytes: bytes() },
  { population: 1, key: '口座💶\ud800', generation: 3, form: 'base', deadline: -1, hasBook: true, bytes: bytes(255) },
]
const names = actors.map(({ population, key }) => ({ population, key }))
const outbox: readonly OutboxEntry[] = [
  { number: 7, bytes: bytes(123, 125) },
  { number: 2 ** 40, bytes: bytes() },
]
const block = new LogBlockBuilder()
for (const [i, traceparent] of ['', 'a', 'a', 'b'].entries())
  block.add({ offset: 2 ** 40 + i, kind: i, receivedAt: 1_772_323_200_000 + i, traceparent }, bytes(i, i))

const part = { partition: 1, epoch: 5, id: '5-1', actors }
const manifest = { id: '5-1', position: 9, tailDigest: 4, owner: bytes(6, 7) }
const commit = {
  ...part,
  previous: undefined,
  manifest,
  stagedParts: 2,
  outbox,
  deliveredUpTo: 6,
  droppedGenerations: [1],
}

describe('what goes between an owner and its loop', () => {
  it.each<LoopInput>([
    { kind: 'records', block: block.block() },
    { kind: 'records', block: new LogBlockBuilder().block() },
    {
      kind: 'marked',
      actors: actors.map(({ generation, form, bytes: _, ...mark }) => mark),
      lastCommit: { id: undefined },
    },
    {
      kind: 'loaded',
      actors: [undefined, { base: bytes(1), appended: [] }, { base: bytes(), appended: [bytes(2), bytes(3)] }],
      lastCommit: { id: '5-1' },
    },
    { kind: 'outbox', entries: outbox, lastCommit: { id: '5-1' } },
    { kind: 'claimed', result: { kind: 'claimed', manifest } },
    { kind: 'committed', result: 'ok' },
  ])('arrives as it was sent: $kind', (input) => {
    const packed = packInput(input)
    expect(comparable(unpackInput(sent(packed, inputBuffers(packed))))).toEqual(comparable(input))
  })

  it.each<LoopCommand>([
    { kind: 'load', generation: 3, names },
    { kind: 'stage', stage: { ...part, part: 1 } },
    { kind: 'commit', commit },
    { kind: 'commit', commit: { ...commit, actors: [], outbox: [] } },
    { kind: 'offer', entries: outbox },
    { kind: 'append', record: { kind: 'tick', body: bytes(1) } },
  ])('arrives as it was sent: $kind', (command) => {
    const packed = packCommand(command)
    expect(comparable(unpackCommand(sent(packed, commandBuffers(packed))))).toEqual(comparable(command))
  })

  it('leaves the sender all that it had', () => {
    const all = { commit, block: block.block() }
    const before = comparable(all)
    const command = packCommand({ kind: 'commit', commit })
    sent(command, commandBuffers(command))
    const input = packInput({ kind: 'records', block: all.block })
    sent(input, inputBuffers(input))
    expect(comparable(all)).toEqual(before)
  })
})

/** Byte strings as lists, whatever their buffers are. */
const comparable = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) =>
      ArrayBuffer.isView(part) ? [...(part as Uint8Array)] : typeof part === 'number' ? String(part) : part,
    ),
  )
