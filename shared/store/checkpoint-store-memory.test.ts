import { testCheckpointStore } from './checkpoint-store.conformance.ts'
import { MemoryCheckpointStore } from './checkpoint-store-memory.ts'

testCheckpointStore('the checkpoint store in memory', async () => new MemoryCheckpointStore())
