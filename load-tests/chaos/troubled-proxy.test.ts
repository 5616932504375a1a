import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TroubledProxy } from './troubled-proxy.ts'

let server: Server
let proxy: TroubledProxy
let accepted: Promise<Socket>
let client: Socket
let atServer: Socket

/** What an end got so far, and what became of it. */
function heard(socket: Socket): { text: string; isEnded: boolean; isClosed: boolean } {
  const state = { text: '', isEnded: false, isClosed: false }
  socket.on('data', (bytes) => {
    state.text += bytes
  })
  socket.on('end', () => {
    state.isEnded = true
  })
  socket.on('close', () => {
    state.isClosed = true
  })
  socket.on('error', () => {})
  return state
}

let [byServer, byClient] = [] as unknown as [ReturnType<typeof heard>, ReturnType<typeof heard>]

async function join(): Promise<void> {
  accepted = once(server, 'connection').then(([socket]) => socket as Socket)
  client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  atServer = await accepted
  byServer = heard(atServer)
  byClient = heard(client)
}

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await TroubledProxy.open()
  proxy.targetPort = (server.address() as AddressInfo).port
  await join()
})
afterEach(async () => {
  client.destroy()
  await proxy.close()
  server.close()
})

describe('a proxy in trouble', () => {
  it('passes all bytes and both ends while it is in none', async () => {
    client.write('question')
    await expect.poll(() => byServer.text).toBe('question')
    atServer.end('answer')
    await expect.poll(() => byClient).toEqual({ text: 'answer', isEnded: true, isClosed: false })
    client.end('thanks')
    await expect.poll(() => byServer.text).toBe('questionthanks')
    await expect.poll(() => byServer.isEnded).toBe(true)
  })

  it('cuts all connections, and takes new ones', async () => {
    proxy.cut()
    await expect.poll(() => [byServer.isClosed, byClient.isClosed]).toEqual([true, true])
    await join()
    client.write('again')
    await expect.poll(() => byServer.text).toBe('again')
  })

  it('cuts after so many bytes, of which all arrive (P1)', async () => {
    proxy.cutAfter(5, 'toServer')
    client.write('abc')
    client.write('defgh')
    await expect.poll(() => [byServer.isEnded, byClient.isEnded]).toEqual([true, true])
    expect(byServer.text).toBe('abcde')
  })

  it('holds one direction back, while the other passes, and then gives all of it in order', async () => {
    proxy.hold('toServer', true)
    client.write('a')
    client.write('b')
    atServer.write('news')
    await expect.poll(() => byClient.text).toBe('news')
    expect(byServer.text).toBe('')
    proxy.heal()
    client.write('c')
    await expect.poll(() => byServer.text).toBe('abc')
  })

  it('ends one direction and loses what is sent there, while the other passes', async () => {
    proxy.halfClose('toServer')
    await expect.poll(() => byServer.isEnded).toBe(true)
    client.write('lost')
    atServer.write('news')
    await expect.poll(() => byClient.text).toBe('news')
    expect(byServer.text).toBe('')
  })

  it('refuses new connections until it is healed', async () => {
    proxy.refuse(true)
    await expect.poll(() => byClient.isClosed).toBe(true)
    const refused = heard(connect({ port: proxy.port, host: '127.0.0.1' }))
    await expect.poll(() => refused.isClosed).toBe(true)
    proxy.heal()
    await join()
    client.write('again')
    await expect.poll(() => byServer.text).toBe('again')
  })

  it('keeps the order of what it delays', async () => {
    proxy.delay(30)
    for (const letter of 'abcdefgh') client.write(letter)
    await expect.poll(() => byServer.text).toBe('abcdefgh')
  })
})
