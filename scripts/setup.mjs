// Makes a bare clone ready: installs when node_modules does not match package-lock.json. Plain JavaScript without
// dependencies, because it runs before anything is installed, on whatever Node (18 or newer) the machine has.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = join(root, 'node_modules', '.vigil-stamp')
const lockFile = join(root, '.vigil', 'setup.lock')
/** An installation takes seconds; a lock this old belongs to one that was killed. */
const lockAgeMaxMs = 10 * 60_000

/** The project's own Node. It runs TypeScript as it is, which the machine's Node may be too old for. */
export const projectNode = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** True when what is installed was installed from this very lockfile on this kind of machine. Costs a hash of one file. */
export function isReady() {
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp() && existsSync(projectNode)
}

/** Installs if that is needed. Returns an exit code; everything it says goes to stderr, as stdout belongs to results. */
export function setUp() {
  if (isReady()) return 0
  if (Number(process.versions.node.split('.')[0]) < 18) {
    return refuse(`Node ${process.version} is too old to install the project: use Node 18 or newer.`)
  }
  takeLock()
  try {
    return isReady() ? 0 : install() // Another process may have installed while this one waited.
  } finally {
    rmSync(lockFile, { force: true })
  }
}

function install() {
  console.error('Installing dependencies (once; again only when package-lock.json changes) ...')
  // The development dependencies include Node itself, so they are needed whatever NODE_ENV says.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const options = { cwd: root, stdio: ['ignore', 2, 2] }
  const npm = process.env.npm_execpath ?? '' // What runs this script: npm, another package manager, or nothing.
  const result =
    basename(npm) === 'npm-cli.js'
      ? spawnSync(process.execPath, [npm, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
  if (result.error)
    return refuse(`Could not start npm: ${result.error.message}. It comes with Node; is it on the PATH?`)
  if (result.status !== 0) {
    return refuse('npm ci failed, see above. It needs a package registry: check the network, proxy and npm settings.')
  }
  if (!existsSync(projectNode)) {
    return refuse('npm ci did not install Node 24: install scripts are blocked. Run: npm ci --ignore-scripts=false')
  }
  writeFileSync(stampFile, stamp())
  return 0
}

function stamp() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  return createHash('sha256').update(lock).update(`${process.platform} ${process.arch}`).digest('hex')
}

/** One installation at a time: two would remove each other's files. */
function takeLock() {
  // Also the data folder of the service: nobody else's business.
  mkdirSync(join(root, '.vigil'), { recursive: true, mode: 0o700 })
  for (;;) {
    try {
      closeSync(openSync(lockFile, 'wx'))
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const ageMs = Date.now() - (statSync(lockFile, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (ageMs > lockAgeMaxMs) rmSync(lockFile, { force: true })
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
}

function refuse(message) {
  console.error(`setup: ${message}`)
  return 1
}

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) process.exit(setUp())
