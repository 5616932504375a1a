import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { output } from './command.ts'
import { cached, installMsMax } from './server-cache.ts'

/**
 * A program out of a package of the machine's Debian, which apt verifies. Nothing is installed, so that nobody needs the right to.
 * @param path of the program in the package
 */
export async function debianProgram(name: string, path: string): Promise<string> {
  const folder = await cached(`debian-${name}`, async (part) => {
    console.error(`servers: getting ${name} of Debian (once) ...`)
    const apt = join(part, 'apt')
    const [lists, archives] = [join(apt, 'lists'), join(apt, 'cache', 'archives')]
    for (const each of [lists, archives]) mkdirSync(join(each, 'partial'), { recursive: true })
    // The lists of the machine may be old or absent, and are root's.
    const own = ['-q', '-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(apt, 'cache')}`]
    const patient = ['-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=20']
    await output('apt-get', [...own, ...patient, 'update'], { msMax: installMsMax })
    await output('apt-get', [...own, ...patient, 'download', name], { cwd: part, msMax: installMsMax })
    const file = readdirSync(part).find((entry) => entry.endsWith('.deb'))
    if (file === undefined) throw new Error(`apt left no package of ${name}`)
    await output('dpkg-deb', ['-x', join(part, file), part], { msMax: installMsMax })
    rmSync(join(part, file))
    rmSync(apt, { recursive: true })
  })
  return join(folder, path)
}
