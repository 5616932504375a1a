import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { onTestFinished } from 'vitest'
import { RequestMeter } from '../request-meter.ts'
import { createServer } from '../server.ts'
import { MemoryVigil } from './memory-vigil.ts'

export interface Api {
  readonly app: FastifyInstance
  readonly vigil: MemoryVigil
  readonly meter: RequestMeter
  /** Failures of our own: empty unless a test provokes one. */
  readonly failures: unknown[]
  get(url: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  post(url: string, body: string | Buffer, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  send(options: InjectOptions): Promise<LightMyRequestResponse>
  /** Listens on a free port of 127.0.0.1. */
  listen(): Promise<number>
}

/** A server over a stand-in for the service; closed when the test ends. */
export async function openApi(adminToken?: string): Promise<Api> {
  const vigil = new MemoryVigil()
  const failures: unknown[] = []
  const meter = new RequestMeter()
  const app = await createServer({ vigil, access: { adminToken }, meter, onFailure: (error) => failures.push(error) })
  onTestFinished(() => app.close())
  await app.ready()
  const send = async (options: InjectOptions) => app.inject(options)
  return {
    app,
    vigil,
    meter,
    failures,
    send,
    get: (url, headers = {}) => send({ method: 'GET', url, headers }),
    post: (url, body, headers = {}) =>
      send({ method: 'POST', url, payload: body, headers: { 'content-type': 'application/json', ...headers } }),
    listen: async () => {
      await app.listen({ host: '127.0.0.1', port: 0 })
      const address = app.server.address()
      if (address === null || typeof address === 'string') throw new Error('no port')
      return address.port
    },
  }
}

export const ndjson = { 'content-type': 'application/x-ndjson' }
