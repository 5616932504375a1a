import { debianProgram } from './debian-program.ts'
import { programOfVersion } from './machine-program.ts'

/** The checker of alert rules that comes with Prometheus. */
export async function promtool(): Promise<string> {
  return (
    (await programOfVersion(['promtool'], /(\d+)\.(\d+)/, [2, 40])) ??
    (await debianProgram('prometheus', 'usr/bin/promtool'))
  )
}
