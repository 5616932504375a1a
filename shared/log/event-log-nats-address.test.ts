import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { natsAddress } from './event-log-nats-address.ts'

describe('the address of a log on NATS', () => {
  it('is a server, with a stream of a usual name', () => {
    expect(natsAddress('nats://nats-1:4222')).toEqual({
      connection: { servers: ['nats-1:4222'] },
      stream: 'vigil',
      replicas: undefined,
      where: 'nats://nats-1:4222',
    })
  })

  it('takes several servers, the name of the stream and its replicas', () => {
    expect(natsAddress('nats://a:1,b:2/?stream=fraud-log&replicas=3')).toMatchObject({
      connection: { servers: ['a:1', 'b:2'] },
      stream: 'fraud-log',
      replicas: 3,
    })
  })

  it.each([
    ['nats://user:pa%3Ass@host', { user: 'user', pass: 'pa:ss' }],
    ['nats://s3cr%40t@host', { token: 's3cr@t' }],
  ])('takes the credentials of %s, and shows them to nobody', (url, expected) => {
    const { connection, where } = natsAddress(url)
    expect(connection).toEqual({ servers: ['host'], ...expected })
    expect(where).toBe('nats://host')
  })

  it('encrypts where it is told to, by the scheme or by the files for it', () => {
    expect(natsAddress('tls://host').connection).toEqual({ servers: ['host'], tls: {} })
    expect(natsAddress('nats://host/?ca=/ca.pem&cert=/c.pem&key=/k.pem').connection).toEqual({
      servers: ['host'],
      tls: { caFile: '/ca.pem', certFile: '/c.pem', keyFile: '/k.pem' },
    })
    expect(natsAddress('nats://host').connection).not.toHaveProperty('tls')
  })

  it('takes the credentials of a user from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vigil-nats-'))
    const file = join(folder, 'user.creds')
    await writeFile(file, '-----BEGIN NATS USER JWT-----')
    expect(natsAddress(`nats://host/?creds=${file}`).connection.authenticator).toBeTypeOf('function')
    await rm(folder, { recursive: true })
    expect(() => natsAddress(`nats://host/?creds=${file}`)).toThrow('the credentials cannot be read')
  })

  it.each([
    ['http://host', 'must have the form'],
    ['nats://', 'must have the form'],
    ['nats://user:secret@host/?strem=x', 'there is no parameter strem'],
    ['nats://host/?stream=a.b', 'a stream has a name'],
    ['nats://user:my?secret@host/', 'must have the form'],
    ['nats://host/?replicas=0', 'replicas is a number from 1 to 5'],
  ])('refuses %s', (url, why) => {
    expect(() => natsAddress(url)).toThrow(why)
    expect(() => natsAddress(url)).not.toThrow('secret')
  })
})
