import { describe, expect, it } from 'vitest'
import type { LogBlock } from '#shared/protocol/log-record'
import { type HostedOwner, type LoopCommand, unseen } from './hosted-owner.ts'
import { WatchedOwner } from './watched-owner.ts'

function watched() {
  let execute: (commands: readonly LoopCommand[]) => void = () => {}
  const hosted: HostedOwner = {
    view: unseen,
    start: (given) => {
      execute = given
    },
    handle: () => {},
    end: () => {},
  }
  const owner = new WatchedOwner(hosted)
  owner.start(
    () => {},
    (error) => expect(error).toBeUndefined(),
  )
  return { owner, ask: (...commands: readonly LoopCommand[]) => execute(commands) }
}

const restore = { name: 'n', epoch: 1, previous: undefined, leftovers: [] }

const noRecords: LogBlock = {
  ...{ length: 0, offsets: [], kinds: [], receivedAt: [], traceparents: [] },
  ...{ bytes: new Uint8Array(), starts: [], ends: [] },
}

describe('an owner that is watched', () => {
  it('waits for nobody after what has no answer', () => {
    const { owner, ask } = watched()
    ask({ kind: 'notice', text: 'the state is that of the snapshot' }, { kind: 'judged', judged: [] })
    expect(owner.waitsForLog).toBe(true)
    owner.handle({ kind: 'stop' })
    ask({ kind: 'stopped' })
    expect(owner.waitsForLog).toBe(true)
  })

  it('waits for the place of snapshots until it has answered, and no longer', () => {
    const { owner, ask } = watched()
    ask({ kind: 'snapshots' })
    expect(owner.waitsForLog).toBe(false)
    owner.handle({ kind: 'snapshots', snapshots: [] })
    expect(owner.waitsForLog).toBe(true)
    ask({ kind: 'restore', restore })
    expect(owner.waitsForLog).toBe(false)
    owner.handle({ kind: 'restored', result: { kind: 'fenced' } })
    expect(owner.waitsForLog).toBe(true)
  })

  it('waits for the log where it reads, whatever else it waits for', () => {
    const { owner, ask } = watched()
    ask({ kind: 'outbox' }, { kind: 'read', from: 0, bytesMax: 1, waits: true, isNext: true })
    expect(owner.waitsForLog).toBe(true)
    owner.handle({ kind: 'records', block: noRecords })
    expect(owner.waitsForLog).toBe(false)
    owner.handle({ kind: 'outbox', entries: [] })
    expect(owner.waitsForLog).toBe(true)
  })
})
