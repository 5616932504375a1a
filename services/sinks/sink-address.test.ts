import { describe, expect, it } from 'vitest'
import { sinkAt } from './sink-address.ts'
import { KafkaSink } from './sink-kafka.ts'
import { NatsSink } from './sink-nats.ts'

describe('the URL of a sink', () => {
  it('names a topic of Kafka, with all that a log there may say', () => {
    const sink = sinkAt('kafka://joe:pa%20ss@one:9092,two:9092/fraud-alerts?sasl=PLAIN&tls=true')
    expect(sink).toBeInstanceOf(KafkaSink)
    expect([sink.name, sink.where]).toEqual(['kafka fraud-alerts', 'kafka://one:9092,two:9092/fraud-alerts'])
  })

  it.each([
    ['nats://nats-1:4222/fraud.alerts', 'nats fraud.alerts', 'nats://nats-1:4222/fraud.alerts'],
    ['tls://joe:secret@nats-1/fraud.alerts', 'nats fraud.alerts', 'tls://nats-1/fraud.alerts'],
  ])('%s names a subject of NATS', (url, name, where) => {
    const sink = sinkAt(url)
    expect(sink).toBeInstanceOf(NatsSink)
    expect([sink.name, sink.where]).toEqual([name, where])
  })

  it.each([
    ['fraud-alerts', 'not the URL of a topic'],
    ['kafka://one:9092', 'not the URL of a topic'],
    ['kafka://one:9092/', 'not the URL of a topic'],
    ['kafka://one:9092/a/b', 'not the URL of a topic'],
    ['postgres://one/alerts', 'not the URL of a topic'],
    ['kafka://one:9092/fraud alerts', 'a topic has a name'],
    ['kafka://one:9092/alerts?replicas=3', 'there is no parameter replicas; known are sasl, tls, ca'],
    ['kafka://one:9092/alerts?ca=/no/such/file', 'no such file'],
    ['nats://one/fraud.*', 'a subject has'],
    ['nats://one/fraud..alerts', 'a subject has'],
    ['nats://one/$JS.API', 'a subject has'],
    ['nats://one/alerts?stream=x', 'there is no parameter stream; known are creds'],
    ['nats://one/alerts?creds=/no/such/file', 'the credentials cannot be read'],
  ])('%s is refused with the reason', (url, reason) => {
    expect(() => sinkAt(url)).toThrow(reason)
  })

  it('shows no password', () => {
    const wrong = [
      'kafka://joe:hunter2@one/a b',
      'nats://joe:hunter2@one/a..b',
      'nats://joe:hunter2@one/a?x=1',
      'kafka://joe:hunter2@',
    ]
    for (const url of wrong) {
      expect(() => sinkAt(url)).toThrow()
      expect(() => sinkAt(url)).not.toThrow('hunter2')
    }
  })
})
