// Real servers for tests and measurements: `npm run servers -- [--only nats,redis] [-- command ...]`. With a command, runs it with their
// URLs in its environment and ends with its exit code; without one, prints the URLs and keeps the servers until it is told to end.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { openKeeper, serverNames, urlVariable } from './servers/keeper-client.mjs'
import { setUp } from './setup.mjs'

const usage = `usage: npm run servers -- [--only ${serverNames.join(',')}] [-- command ...]`

const { names, command } = readArguments(process.argv.slice(2))
const setUpCode = setUp()
if (setUpCode !== 0) process.exit(setUpCode)

const keeper = openKeeper()
let child
let signalCode
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    signalCode ??= 128 + constants.signals[signal]
    // The command ends in its own way, and may still need the servers for that.
    if (child === undefined) void end(signalCode)
    // Ctrl-C in a terminal reaches it too.
    else if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  })
}

endWithNpm()

const answers = await Promise.all(names.map(async (name) => [name, await keeper.start(name)]))
const environment = {}
for (const [name, { url, reason }] of answers) {
  if (url === undefined) console.error(`servers: no ${name}: ${reason}`)
  else environment[urlVariable(name)] = url
}
if (signalCode !== undefined) await end(signalCode)
if (command.length > 0) runCommand()
else if (Object.keys(environment).length === 0) await end(1)
else for (const [name, url] of Object.entries(environment)) console.log(`${name}=${url}`)

function runCommand() {
  child = spawn(command[0], command.slice(1), { stdio: 'inherit', env: { ...process.env, ...environment } })
  child.on('error', (error) => {
    console.error(`servers: cannot start ${command[0]}: ${error.message}`)
    void end(127)
  })
  child.on('exit', (code, signal) => void end(signal ? 128 + constants.signals[signal] : code))
}

/** npm passes no signal on: it ends, and leaves what it started. Whoever ends it means the servers. */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    child?.kill('SIGTERM')
    void end(143)
  }, 200)
}

async function end(code) {
  await keeper.close()
  process.exit(code)
}

function readArguments(given) {
  const cut = given.indexOf('--')
  const flags = cut < 0 ? given : given.slice(0, cut)
  const only = flags[0]?.startsWith('--only=') ? [flags[0].slice('--only='.length)] : flags.slice(1)
  const hasOnly = /^--only(=|$)/.test(flags[0] ?? '')
  const names = hasOnly && only.length === 1 ? only[0].split(',') : serverNames
  if ((flags.length > 0 && !(hasOnly && only.length === 1)) || names.some((name) => !serverNames.includes(name))) {
    console.error(usage)
    process.exit(2)
  }
  return { names, command: cut < 0 ? [] : given.slice(cut + 1) }
}
