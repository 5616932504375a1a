import type { OwnerCommand, OwnerInput } from '#shared/protocol/owner-io'
import { broken } from './broken.ts'
import { outboxText } from './outbox-record.ts'
import { VirtualAlertStore } from './virtual-alert-store.ts'
import { VirtualCheckpointStore } from './virtual-checkpoint-store.ts'
import type { SimulatedOwner } from './virtual-detector.ts'
import { blockOf, type VirtualRecord } from './virtual-log.ts'

/** What one owner finds in a log when nothing goes wrong. */
export interface CalmResult {
  readonly entries: ReadonlyMap<number, string>
  readonly judgements: ReadonlyMap<number, string>
  readonly alerts: VirtualAlertStore
}

/** Judges a whole log from its start, without faults, time or other owners. @param now ms since 1970, not after what the log has */
export function runCalmly(archive: readonly VirtualRecord[], owner: SimulatedOwner, now: number): CalmResult {
  const records = [...archive]
  const checkpoints = new VirtualCheckpointStore()
  const alerts = new VirtualAlertStore()
  const entries = new Map<number, string>()
  const judgements = new Map<number, string>()
  const perform = (command: OwnerCommand): OwnerInput | undefined => {
    switch (command.kind) {
      case 'append': {
        const { kind, body } = command.record
        const offset = (records.at(-1)?.offset ?? 0) + 1
        records.push({ offset, kind, body, receivedAt: now, id: '' })
        return { kind: 'appended', record: kind, offset }
      }
      case 'claim':
        return { kind: 'claimed', result: checkpoints.claim(command.epoch) }
      case 'bounds':
        return { kind: 'bounds', first: records[0].offset, next: records[records.length - 1].offset + 1 }
      case 'read': {
        const block = blockOf(records.filter(({ offset }) => offset >= command.from))
        return block.length === 0 && command.waits ? undefined : { kind: 'records', block }
      }
      case 'marked':
        return { kind: 'marked', actors: checkpoints.marked(command.generation) }
      case 'load':
        return { kind: 'loaded', actors: checkpoints.load(command.generation, command.names) }
      case 'outbox':
        return { kind: 'outbox', entries: checkpoints.outbox }
      case 'stage':
        return { kind: 'staged', result: checkpoints.stage(command.stage) }
      case 'commit':
        return { kind: 'committed', result: checkpoints.commit(command.commit) }
      case 'offer': {
        for (const { number, bytes } of command.entries) entries.set(number, outboxText(bytes))
        alerts.deliver(command.entries.map(({ bytes }) => outboxText(bytes)))
        return { kind: 'offered', upTo: command.entries[command.entries.length - 1].number }
      }
      case 'judged':
        for (const { offset, ...rest } of command.judged) judgements.set(offset, JSON.stringify(rest))
        return undefined
      case 'later':
        return { kind: 'later' }
      case 'snapshots':
      case 'restore':
      case 'notice':
      case 'stopped':
        return undefined
      case 'halt':
        return broken('calm', `a calm owner ends: ${command.failure.reason}, ${command.failure.detail}`)
    }
  }
  const todo: OwnerCommand[] = [...owner.handle({ kind: 'start' })]
  for (let steps = 0; steps < stepsMax; steps++) {
    const command = todo.shift()
    if (command !== undefined) {
      const answer = perform(command)
      if (answer !== undefined) todo.push(...owner.handle(answer))
    } else if (owner.position === owner.committedPosition && owner.outboxLength === 0 && owner.isReady)
      return { entries, judgements, alerts }
    else todo.push(...owner.handle({ kind: 'clock', now }))
  }
  return broken('calm', 'a calm owner does not come to the end of the log')
}

const stepsMax = 100_000
