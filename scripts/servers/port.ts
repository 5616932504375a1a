import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

export async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  holder.close()
  await once(holder, 'close')
  return port
}

/** The first bytes of a protocol, and whether what comes back is from a server that is ready; `ask` undefined: it speaks first. */
export interface Greeting {
  readonly ask: Uint8Array | undefined
  readonly isAnswer: (bytes: Buffer) => boolean
}

/** Whether a server on this machine answers in its own protocol now. */
export function answers(port: number, { ask, isAnswer }: Greeting): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => ask && socket.write(ask))
    const end = (isReady: boolean): void => {
      socket.destroy()
      resolve(isReady)
    }
    socket.setTimeout(1_000, () => end(false))
    socket.on('data', (bytes) => end(isAnswer(bytes)))
    socket.on('error', () => end(false))
    socket.on('close', () => resolve(false))
  })
}
