// Around a run of tests: starts the servers that they ask for, each at the first question, and stops them at the end. A run whose tests
// ask for none starts nothing. See servers.ts for the side of the tests.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { TestProject } from 'vitest/node'
import { openKeeper } from '../../scripts/servers/keeper-client.mjs'

declare module 'vitest' {
  interface ProvidedContext {
    /** On 127.0.0.1, a line with the name of a server is answered by a line of JSON: its `url`, or the `reason` why there is none. */
    readonly serversPort: number
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let keeper: ReturnType<typeof openKeeper> | undefined
  const door = createServer((socket) => {
    // A test that ended early does not wait for its answer.
    socket.on('error', () => {})
    createInterface(socket).on('line', async (name) => {
      keeper ??= openKeeper()
      socket.end(`${JSON.stringify(await keeper.start(name))}\n`)
    })
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  project.provide('serversPort', (door.address() as AddressInfo).port)
  return async () => {
    door.close()
    await keeper?.close()
  }
}
