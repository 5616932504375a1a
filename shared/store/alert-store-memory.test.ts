import { expect, it } from 'vitest'
import { testAlertStore } from './alert-store.conformance.ts'
import { AlertStoreUnavailable } from './alert-store.ts'
import { MemoryAlertStore } from './alert-store-memory.ts'

testAlertStore('MemoryAlertStore', async () => new MemoryAlertStore())

it('refuses everything once it is closed', async () => {
  const store = new MemoryAlertStore()
  await store.close()
  await expect(store.ping()).rejects.toBeInstanceOf(AlertStoreUnavailable)
})
