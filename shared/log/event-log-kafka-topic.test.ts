import { expect, it } from 'vitest'
import { whyUnfit } from './event-log-kafka-topic.ts'

const usual = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'max.message.bytes': '1048588',
  'min.insync.replicas': '2',
  'unclean.leader.election.enable': 'false',
  'compression.type': 'producer',
}

const judge = (settings: Partial<typeof usual>, replicas = 3, asked?: number): string | undefined =>
  whyUnfit({
    topic: { id: 'x', partitions: [{ leader: 1, replicas }] },
    settings: new Map(Object.entries({ ...usual, ...settings })),
    partitions: 1,
    replicas: asked,
    name: 'vigil',
  })

it('takes a topic that keeps everything', () => {
  expect(judge({})).toBeUndefined()
  expect(judge({ 'min.insync.replicas': '1' }, 1, 1)).toBeUndefined()
  expect(judge({ 'min.insync.replicas': '1' }, 2)).toBeUndefined()
  expect(judge({ 'compression.type': 'gzip' })).toBeUndefined()
})

it.each([
  ['cleanup.policy', 'compact', 'which removes records'],
  ['cleanup.policy', 'compact,delete', 'which removes records'],
  ['retention.ms', '604800000', 'after which it removes records'],
  ['retention.bytes', '1073741824', 'after which it removes records'],
  ['max.message.bytes', '500000', 'too small for some events'],
  ['unclean.leader.election.enable', 'true', 'lacks acknowledged records'],
  ['min.insync.replicas', '1', 'may be lost with one broker'],
  ['min.insync.replicas', '4', 'nothing can be written'],
  ['compression.type', 'zstd', 'not every client reads'],
])('refuses %s=%s, and says what to run', (name, value, why) => {
  const said = judge({ [name]: value })
  expect(said).toContain(why)
  expect(said).toContain(`run: kafka-configs --bootstrap-server HOST:9092 --alter --topic vigil --add-config ${name}=`)
})

it('refuses another number of replicas than the URL names', () => {
  expect(judge({}, 3, 2)).toContain('write ?replicas=3')
})
