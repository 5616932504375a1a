import { eventLogConformance } from './event-log.conformance.ts'
import { MemoryEventLog, MemoryLogStorage } from './event-log-memory.ts'

eventLogConformance('MemoryEventLog', async ({ partitions, latenessMs }) => {
  const storage = new MemoryLogStorage(partitions)
  const open = (): MemoryEventLog => new MemoryEventLog({ storage, latenessMs })
  return { log: open(), reopen: async () => open(), remove: async () => {}, tellsRepeatsForever: true }
})
