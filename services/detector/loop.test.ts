import { describe, expect, it, vi } from 'vitest'
import { singleRecord } from '#shared/log/event-log'
import { MemoryEventLog, MemoryLogStorage } from '#shared/log/event-log-memory'
import { MemoryCheckpointStore } from '#shared/store/checkpoint-store-memory'
import { type HostedOwner, type LoopCommand, type LoopInput, unseen } from './hosted-owner.ts'
import { PartitionLoop } from './loop.ts'
import { PartitionTimes } from './partition-times.ts'

describe('a loop', () => {
  it('tells the times of what was judged when the owner asks for what is judged next, and not when it looks ahead', async () => {
    const log = new MemoryEventLog({ storage: new MemoryLogStorage(1), latenessMs: 600_000 })
    await log.append(singleRecord('tick', 0, new Uint8Array(8), 1_000))
    const times = new PartitionTimes({ partition: 0, pointsMax: 16, clock: () => 2_000 })
    const inputs: LoopInput[] = []
    let execute: (commands: readonly LoopCommand[]) => void = () => {}
    const owner: HostedOwner = {
      view: unseen,
      start: (run: typeof execute) => {
        execute = run
      },
      handle: (input) => void inputs.push(input),
      end: () => {},
    }
    const fail = (...what: unknown[]): never => {
      throw new Error(`the loop told ${JSON.stringify(what)}`)
    }
    const checkpoints = new MemoryCheckpointStore()
    const told = { onJudged: fail, onFailure: fail, onNotice: fail, onMistake: fail }
    const deliver = async (): Promise<void> => {}
    new PartitionLoop({ partition: 0, owner, log, checkpoints, snapshots: undefined, times, deliver, ...told }).start()

    const read = async (from: number, isNext: boolean): Promise<void> => {
      const before = inputs.length
      execute([{ kind: 'read', from, bytesMax: 1_000, waits: false, isNext }])
      await vi.waitFor(() => expect(inputs.length).toBe(before + 1))
    }
    const { first } = await log.bounds(0)
    await read(first, true)
    await read(first + 1, false)
    expect(times.of(first).judgedAt).toBeUndefined()
    await read(first + 1, true)
    expect(times.of(first).judgedAt).toBe(2_000)
  })
})
