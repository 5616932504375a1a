import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { formatOf } from '#shared/wire/input-format'
import type { KeptStdin } from './kept-stdin.ts'
import { eachEventHasOneActor, waitsForTime } from './share.ts'
import type { ThreadOrder } from './thread-messages.ts'

interface Work extends Pick<ThreadOrder, 'ruleSet' | 'order' | 'files' | 'format' | 'map'> {
  readonly stdin: KeptStdin
}

/** How many threads a replay is worth on this machine: one for each 32 MiB of input, as far as there are cores. */
export async function usefulThreads(work: Work): Promise<number> {
  if (!canBeSplit(work)) return 1
  const threads = Math.min(availableParallelism(), threadsMax)
  let bytes = 0
  for (const file of work.files) {
    const found = await bytesOf(file, work, threads * bytesPerThread)
    if (found === undefined) return 1
    bytes += found
  }
  const useful = Math.min(threads, Math.floor(bytes / bytesPerThread))
  return useful < (work.map === undefined ? 2 : mappingThreadsMin) ? 1 : useful
}

/**
 * Whether several threads give the same as one. Not where events come to several actors. In order of arrival not where scenarios join
 * what different accounts have under one id, nor where time alone completes a pattern: a conflict does not move time, and only the
 * account's own thread knows it for one. In event order all is read before anything is written, so both can be seen to.
 */
function canBeSplit({ ruleSet, order }: Work): boolean {
  if (!eachEventHasOneActor(ruleSet)) return false
  return order === 'event-time' || (ruleSet.scenarios.length === 0 && !waitsForTime(ruleSet))
}

/** @returns about how many bytes the file has, uncompressed; undefined: it is to be read by one thread */
async function bytesOf(
  file: string,
  { ruleSet, order, format, stdin }: Work,
  bytesMax: number,
): Promise<number | undefined> {
  const { format: found, isGzip } = formatOf(file, format)
  // It is not read from front to back.
  if (found === 'parquet') return undefined
  if (file === '-') {
    // In order of arrival, who waits for lines wants them now; and with scenarios it may turn out that all has to be read again.
    return order === 'arrival' || ruleSet.scenarios.length > 0 ? undefined : stdin.peek(bytesMax)
  }
  const status = await stat(file)
  if (!status.isFile()) return undefined
  return isGzip ? status.size * inflation : status.size
}

/** Each thread decodes all rows: more of them would do little else. */
const threadsMax = 8
/** Some 100,000 rows: what a thread takes to start and to warm up is gained by as many. */
const bytesPerThread = 32 * 1024 * 1024
/** Decoding by a map is half of the work, and each thread does all of it: two would gain a tenth for two thirds more of processor time. */
const mappingThreadsMin = 4
/** How much larger a compressed file is inside, as a rule. */
const inflation = 4
