import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { mendKafkajsQueue } from './event-log-kafka-kafkajs-queue.ts'

interface QueueUnderTest {
  pending: { readonly name: string }[]
  throttledUntil: number
  readonly throttleCheckTimeoutId: NodeJS.Timeout | null
  canSendSocketRequestImmediately: () => boolean
  sendSocketRequest: (request: { readonly name: string }) => void
  scheduleCheckPendingRequests: () => void
  destroy(): void
}

const RequestQueue: new (options: object) => QueueUnderTest = createRequire(import.meta.url)(
  'kafkajs/src/network/requestQueue',
)

it('sets no timer where no request waits, and sends one that does when its time has come', async () => {
  mendKafkajsQueue()
  const logger = { debug: () => undefined }
  const queue = new RequestQueue({ logger, requestTimeout: 1_000, maxInFlightRequests: null, clientId: '', broker: '' })
  queue.scheduleCheckPendingRequests()
  expect(queue.throttleCheckTimeoutId).toBeNull()
  const sent = Promise.withResolvers<string>()
  let isFree = false
  queue.canSendSocketRequestImmediately = () => isFree
  queue.sendSocketRequest = ({ name }) => sent.resolve(name)
  queue.pending.push({ name: 'one that waits' })
  queue.scheduleCheckPendingRequests()
  expect(queue.throttleCheckTimeoutId).not.toBeNull()
  isFree = true
  expect(await sent.promise).toBe('one that waits')
  expect(queue.throttleCheckTimeoutId).toBeNull()
  queue.destroy()
})
