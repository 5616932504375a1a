import * as Redacted from 'effect/Redacted'
import { brokerLogPlace } from '#shared/log/broker-log-place'
import { subjectPrefixOf } from '#shared/log/event-log-nats-stream'
import { sinkAt } from '../../sinks/sink-address.ts'
import { Unfit } from './setting.ts'

/**
 * Why alerts or decisions may not go there: it is the log, which holds nothing but records and ends at what is none. By name alone, whatever the hosts:
 * one broker has many names.
 * @param log URL of the log
 * @param sink URL of the topic or subject; both can be read
 */
export function ownLogMistake(log: Redacted.Redacted<string>, sink: Redacted.Redacted<string>): Unfit | undefined {
  const place = brokerLogPlace(Redacted.value(log))
  if (place === undefined) return undefined
  const { name } = sinkAt(Redacted.value(sink))
  if (place.kind === 'kafka')
    return name === `kafka ${place.topic}`
      ? new Unfit(`the topic ${place.topic} is the log itself (VIGIL_LOG), and ${why}`, 'name another topic')
      : undefined
  const prefix = subjectPrefixOf(place.stream)
  return name.startsWith(`nats ${prefix}`)
    ? new Unfit(`subjects in ${prefix}* are the log itself (VIGIL_LOG), and ${why}`, 'name another subject')
    : undefined
}

const why = 'a message there that is no record of it stops the service'
