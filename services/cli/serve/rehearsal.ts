import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteLog } from '#shared/log/event-log-sqlite'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import { MemoryCheckpointStore } from '#shared/store/checkpoint-store-memory'
import { createServer } from '../../api/server.ts'
import { Service } from '../../detector/service.ts'
import { sampleEvent } from './sample-event.ts'

/**
 * Decides on made-up events with a second service of the same code and the same rules, over real connections of this machine, while the
 * stores of the first are opened. Afterwards the code is compiled, and a bank's first requests are answered as fast as later ones:
 * without it one in a hundred of the first second waits for 120 ms. All it keeps is a log in a temporary folder, removed at the end.
 * @param closed ends it early
 * @returns how many decisions were made
 */
export async function rehearse(
  ruleSet: RuleSet,
  ruleFiles: ReadonlyMap<string, string>,
  closed: AbortSignal,
): Promise<number> {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'vigil-rehearsal-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const latenessMs = 60_000
  const log = await openSqliteLog({ folder, partitions: 1, latenessMs })
  opened.defer(() => log.close())
  const ended = new AbortController()
  const service = new Service({
    ruleSet,
    ruleFiles,
    partitions: 1,
    latenessMs,
    memoryBytesMax: 16 * 2 ** 20,
    lateOutcome: 'review',
    newHashKey: 0,
    name: 'rehearsal',
    log,
    checkpoints: new MemoryCheckpointStore(),
    alerts: new ForgetfulAlertStore(),
    onFailure: () => ended.abort(),
    onMistake: () => ended.abort(),
    onLogLost: () => ended.abort(),
  })
  opened.defer(() => service.stop(0))
  const app = await createServer({
    vigil: service,
    access: { adminToken: undefined },
    onFailure: () => ended.abort(),
  })
  opened.defer(() => app.close())
  service.start()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const signal = AbortSignal.any([closed, ended.signal, AbortSignal.timeout(rehearsalMsMax)])
  while (service.unready().length > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5))
  return await decideAll(port, ruleSet, signal)
}

/** @returns how many answers came before the signal */
async function decideAll(port: number, { events }: RuleSet, signal: AbortSignal): Promise<number> {
  let sent = 0
  let answered = 0
  const next = (): string => {
    const body = sampleEvent(events, sent++)
    return `POST /v1/decisions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }
  const sender = async (): Promise<void> => {
    if (signal.aborted) return
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const end = (): void => void socket.destroy()
    signal.addEventListener('abort', end, { once: true })
    // An answer is small and written at once: it comes as one piece.
    socket.on('data', () => {
      answered++
      if (sent < decisions) socket.write(next())
      else socket.destroy()
    })
    socket.on('error', end)
    socket.write(next())
    await once(socket, 'close')
  }
  await Promise.all(Array.from({ length: connections }, sender))
  return answered
}

/** What is told in a rehearsal concerns nobody. */
class ForgetfulAlertStore extends MemoryAlertStore {
  override async deliver(): Promise<void> {}
}

const connections = 32
/** Enough for the compiler to have seen what is hot. */
const decisions = 3_000
/** A machine that is so slow starts without. */
const rehearsalMsMax = 2_000
