import { kafkaAddress } from '#shared/log/event-log-kafka-address'
import { natsAddress } from '#shared/log/event-log-nats-address'
import type { Sink } from './sink.ts'
import { KafkaSink } from './sink-kafka.ts'
import { NatsSink } from './sink-nats.ts'

/**
 * @param url `kafka://user:password@host:9092,host:9092/topic?sasl=…&tls=…&ca=…`, or `nats://user:password@host:4222/subject?creds=…&ca=…` (or
 *            `tls://`); hosts, credentials and parameters are those of a log there.
 * Throws an error that says what is wrong, without credentials.
 */
export function sinkAt(url: string): Sink {
  const [, scheme = '', credentials = '', hosts = '', target = '', query = ''] = urlForm.exec(url) ?? refuse(rightForm)
  const isKafka = scheme === 'kafka'
  const where = `${scheme}://${hosts}/${target}`
  const parameters = new URLSearchParams(query)
  const known = isKafka ? kafkaParameters : natsParameters
  for (const name of parameters.keys())
    if (!known.includes(name)) refuse(`${where}: there is no parameter ${name}; known are ${known.join(', ')}`)
  if (isKafka) {
    parameters.set('topic', target)
    return new KafkaSink({ ...kafkaAddress(`kafka://${credentials}${hosts}/?${parameters}`), where })
  }
  if (!/^[\w-]+(\.[\w-]+)*$/.test(target) || target.length > 200)
    refuse(`${where}: a subject has at most 200 letters, digits, - and _ in parts with a dot between them`)
  const { connection } = natsAddress(`${scheme}://${credentials}${hosts}/${query === '' ? '' : `?${query}`}`)
  return new NatsSink({ connection, subject: target, where })
}

/** As that of a log (`kafkaAddress`, `natsAddress`), with the topic or subject as its path. */
const urlForm = /^(kafka|nats|tls):\/\/([^@/?]*@)?([^@/?]+)\/([^@/?]+)(?:\?([^@]*))?$/
const rightForm = 'not the URL of a topic of Kafka or a subject of NATS'
const kafkaParameters: readonly string[] = ['sasl', 'tls', 'ca', 'cert', 'key']
const natsParameters: readonly string[] = ['creds', 'ca', 'cert', 'key']

function refuse(reason: string): never {
  throw new Error(reason)
}
