import { describe, expect, it } from 'vitest'
import { kafkaAddress } from './event-log-kafka-address.ts'
import { LogRefused } from './sqlite-log-failure.ts'

describe('the URL of a log on Kafka', () => {
  it('says brokers, topic, and who asks', () => {
    expect(kafkaAddress('kafka://ann:p%40ss@a:1,b/?topic=t&replicas=3&sasl=PLAIN&tls=true')).toEqual({
      brokers: ['a:1', 'b:9092'],
      topic: 't',
      replicas: 3,
      connection: { tls: {}, sasl: { mechanism: 'PLAIN', username: 'ann', password: 'p@ss' } },
      where: 'kafka://a:1,b',
    })
  })

  it('may leave all but the hosts out', () => {
    expect(kafkaAddress('kafka://a')).toMatchObject({ topic: 'vigil', replicas: undefined, connection: {} })
  })

  it.each([
    'kafka://',
    'kafka://a/?topik=x',
    'kafka://a/?replicas=0',
    'kafka://u:p@a/?sasl=MD5',
    'kafka://a/?sasl=PLAIN',
    'kafka://a/?tls=1',
    'kafka://a/?cert=x',
    'kafka://a/?ca=/no/such/file',
    'kafka://u:50%@a/',
    'nats://a',
  ])('refuses %s', (text) => {
    expect(() => kafkaAddress(text)).toThrow(LogRefused)
  })

  it('does not show a password that is not written as a URL wants it', () => {
    expect(() => kafkaAddress('kafka://ann:sec?ret@a:1/')).toThrow(/^(?!.*(sec|ret@)).*must have the form/)
    expect(() => kafkaAddress('kafka://ann:sec%ret@a:1/')).toThrow(/^(?!.*(sec|ret@)).*write %25/)
  })
})
