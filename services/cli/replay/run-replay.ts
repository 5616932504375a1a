import type { LineWriter } from '#shared/wire/line-writer'
import type { Progress } from '../progress.ts'
import { Replay, type ReplayPart } from './replay.ts'
import type { Summary } from './summary.ts'

export interface ReplayOptions extends Omit<ReplayPart, 'sink'> {
  readonly out: LineOutput
  readonly deadLetters: LineOutput | undefined
  readonly progress: Progress
}

export type LineOutput = Pick<LineWriter, 'write' | 'drain'>

/** Runs recorded events through the engine, on this thread. The same input gives the same lines. */
export async function runReplay(options: ReplayOptions): Promise<Summary> {
  const { out, deadLetters, progress } = options
  const replay = new Replay({
    ...options,
    sink: {
      result: (line) => out.write(line),
      deadLetter: (line) => deadLetters?.write(line),
      pause: async ({ doing, done, total }) => {
        await deadLetters?.drain()
        await out.drain()
        progress.show(doing, done, total)
      },
    },
  })
  if (options.order === 'arrival') await replay.inArrivalOrder()
  else {
    await replay.read()
    await replay.judge()
  }
  const summary = replay.finish()
  progress.clear()
  return summary
}
