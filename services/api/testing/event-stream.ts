import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { onTestFinished } from 'vitest'

/** An open stream of server-sent events, read block by block. */
export interface EventStream {
  readonly response: IncomingMessage
  /** The next block, comments too; undefined: the stream has ended. */
  next(): Promise<string | undefined>
  /** The ids of the next `n` alerts, with their cursors. */
  alerts(n: number): Promise<{ readonly cursor: number; readonly id: string }[]>
  leave(): void
}

export async function openStream(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent: ClientRequest = request({ host: '127.0.0.1', port, path, headers, agent: false }, resolve)
    sent.on('error', reject).end()
  })
  // A stream that is cut off ends in an error, which is what some tests are about.
  response.on('error', () => response.destroy())
  onTestFinished(() => {
    response.destroy()
  })
  const blocks = blocksOf(response)
  const next = async () => (await blocks.next()).value as string | undefined
  return {
    response,
    next,
    leave: () => response.destroy(),
    alerts: async (n) => {
      const found: { cursor: number; id: string }[] = []
      while (found.length < n) {
        const block = await next()
        if (block === undefined) throw new Error(`the stream ended after ${found.length} alerts`)
        if (block.startsWith(':')) continue
        const parts = /^event: alert\nid: (\d+)\ndata: (.*)$/.exec(block)
        if (parts === null) throw new Error(`no alert: ${block}`)
        found.push({ cursor: Number(parts[1]), id: JSON.parse(parts[2]).id })
      }
      return found
    },
  }
}

async function* blocksOf(response: IncomingMessage): AsyncGenerator<string> {
  let text = ''
  try {
    for await (const chunk of response) {
      const blocks = (text + String(chunk)).split('\n\n')
      text = blocks.pop() ?? ''
      yield* blocks
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
  }
}
