import { replayOnThreads, type ThreadedOptions } from './replay-on-threads.ts'
import { type LineOutput, type ReplayOptions, runReplay } from './run-replay.ts'
import type { Summary } from './summary.ts'

/**
 * Runs recorded events through the engine on as many threads as are given. The same input gives the same lines, however many.
 * @param options `rows` are those of the files, for one thread
 */
export async function replayFiles(options: ReplayOptions & ThreadedOptions): Promise<Summary> {
  if (options.threads === 1) return runReplay(options)
  const outcome = await replayOnThreads(options)
  if (outcome.kind === 'done') return outcome.summary
  return runReplay({
    ...options,
    deadLetters: options.deadLetters && linesAfter(outcome.deadLetters, options.deadLetters),
  })
}

/** Leaves out the first lines. */
function linesAfter(count: number, output: LineOutput): LineOutput {
  let left = count
  return {
    write: (line) => {
      if (left > 0) left--
      else output.write(line)
    },
    drain: () => output.drain(),
  }
}
