import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What is asked of the tables of checkpoints but for the segments themselves, prepared once. */
export function checkpointStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql)
  return {
    setEpoch: prepare(
      'INSERT INTO partitions (partition, epoch) VALUES (?, ?) ON CONFLICT DO UPDATE SET epoch = excluded.epoch',
    ),
    setManifest: prepare(
      `INSERT INTO partitions (partition, id, position, tail_digest, owner) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       id = excluded.id, position = excluded.position, tail_digest = excluded.tail_digest, owner = excluded.owner`,
    ),
    addStage: prepare('INSERT INTO stages (partition, epoch, id, part) VALUES (?, ?, ?, ?)'),
    removeStage: prepare('DELETE FROM stages WHERE stage = ?'),
    adoptSegments: prepare('UPDATE segments SET stage = NULL WHERE stage = ?'),
    killStaged: prepare('UPDATE segments SET stage = NULL, generation = NULL WHERE stage = ?'),
    killGeneration: prepare(
      'UPDATE segments SET generation = NULL WHERE partition = ? AND generation = ? AND stage IS NULL',
    ),
    outbox: prepare('SELECT number, bytes FROM outbox WHERE partition = ? ORDER BY number'),
    lastNumber: prepare('SELECT max(number) AS number FROM outbox WHERE partition = ?'),
    addOutbox: prepare('INSERT INTO outbox VALUES (?, ?, ?)'),
    removeOutbox: prepare('DELETE FROM outbox WHERE partition = ? AND number <= ?'),
  }
}
