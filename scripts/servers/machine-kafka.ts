import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { output } from './command.ts'
import { programOfVersion } from './machine-program.ts'
import { freePort } from './port.ts'
import type { Prepared } from './prepared-server.ts'
import { cached, installMsMax } from './server-cache.ts'

const kafkaVersion = '4.3.0'
/** Without it the broker logs nothing. */
const log4jVersion = '2.25.4'
const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const clusterId = 'dmlnaWwtdGVzdC1jbHVzdA'

/** One broker that is its own controller. Topics are made by those who use them, never by mistake. */
export async function prepareKafka(folder: string, port: number, toldPort: number): Promise<Prepared> {
  const java = await programOfVersion(['java'], /(\d+)\.(\d+)/, [17, 0])
  if (java === undefined) throw new Error('there is no Java 17 here')
  const jars = await cached(`kafka-${kafkaVersion}`, fetchJars)
  const formatted = await cached(`kafka-${kafkaVersion}-formatted`, (part) => format(java, jars, part))
  const data = join(folder, 'data')
  cpSync(join(formatted, 'data'), data, { recursive: true })
  const file = join(folder, 'server.properties')
  writeFileSync(file, properties({ data, port, toldPort, controllerPort: await freePort() }))
  const memory = ['-Xmx384m', '-Xms128m', '-XX:+UseSerialGC']
  const logging = `-Dlog4j2.configurationFile=${join(jars, 'log4j2.xml')}`
  return {
    command: java,
    args: [...memory, logging, '-cp', join(jars, 'jars', '*'), 'kafka.Kafka', file],
    greeting: { ask: versionsRequest, isAnswer: (bytes) => bytes.subarray(4, 10).equals(versionsGranted) },
    url: `127.0.0.1:${port}`,
    endSignal: 'SIGTERM',
  }
}

/** Which versions of the protocol the broker speaks, as request 1: what every client asks first. */
const versionsRequest = Buffer.from('0000000a00120000000000010000', 'hex')
/** How its answer goes on behind the length: request 1, no error. */
const versionsGranted = Buffer.from('000000010000', 'hex')

async function fetchJars(part: string): Promise<void> {
  console.error(`servers: getting Kafka ${kafkaVersion} (once) ...`)
  const dependency = (group: string, artifact: string, version: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
  const pom = join(part, 'pom.xml')
  writeFileSync(
    pom,
    `<project><modelVersion>4.0.0</modelVersion><groupId>vigil</groupId><artifactId>servers</artifactId><version>1</version>
<packaging>pom</packaging><dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', kafkaVersion)}
${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', log4jVersion)}
</dependencies></project>\n`,
  )
  // -C: a jar whose checksum is wrong is refused.
  const args = ['-B', '-q', '-ntp', '-C', '-f', pom, dependencyPlugin, '-DincludeScope=runtime']
  await output('mvn', [...args, `-DoutputDirectory=${join(part, 'jars')}`], { msMax: installMsMax })
  writeFileSync(
    join(part, 'log4j2.xml'),
    `<Configuration status="WARN"><Appenders><Console name="console" target="SYSTEM_OUT"/></Appenders>
<Loggers><Root level="WARN"><AppenderRef ref="console"/></Root></Loggers></Configuration>\n`,
  )
}

/** An empty data folder, to be copied: it costs a start of Java. */
async function format(java: string, jars: string, part: string): Promise<void> {
  const file = join(part, 'format.properties')
  writeFileSync(file, properties({ data: join(part, 'data'), port: 9092, toldPort: 9092, controllerPort: 9093 }))
  const tool = ['-Xmx96m', '-cp', join(jars, 'jars', '*'), 'kafka.tools.StorageTool', 'format']
  await output(java, [...tool, '-t', clusterId, '-c', file], { msMax: installMsMax })
}

interface Place {
  readonly data: string
  readonly port: number
  /** Where clients are sent. */
  readonly toldPort: number
  readonly controllerPort: number
}

function properties({ data, port, toldPort, controllerPort }: Place): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${toldPort}
controller.listener.names=CONTROLLER
log.dirs=${data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# How long a killed broker that came back is still taken for dead.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
`
}
