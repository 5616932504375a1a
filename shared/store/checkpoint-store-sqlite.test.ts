import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { testCheckpointStore } from './checkpoint-store.conformance.ts'
import { SqliteCheckpointStore } from './checkpoint-store-sqlite.ts'

const folders: string[] = []
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vigil-checkpoints-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

testCheckpointStore('the checkpoint store in SQLite', async () => new SqliteCheckpointStore(newFolder()))
testCheckpointStore(
  'the checkpoint store in SQLite, always cleaning and with one hash for all,',
  async () => new SqliteCheckpointStore(newFolder(), { segmentBytes: 64, slackBytes: 0, hashMask: 0 }),
)
