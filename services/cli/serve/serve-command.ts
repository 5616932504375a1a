import type { Command } from '../command.ts'

/** The service is loaded when it is asked for: other commands need nothing of it. */
export const serveCommand: Command = {
  name: 'serve',
  summary: 'run the service: take transactions over HTTP, decide, raise alerts (npm start: with a demo stream)',
  help: async () => {
    const { settingsHelp } = await import('./settings-help.ts')
    return `Usage: vigil serve [--demo] [flags]

Takes events over HTTP, judges each by the rules, keeps everything in the data folder, and goes on
where it stood after any end. Ctrl-C or SIGTERM ends it in order.

${settingsHelp()}

  --demo   also sends the stream of a bank of its own, with the shipped rules

Examples:
  vigil serve --demo
  VIGIL_PORT=9000 vigil serve --rules my-rules --data-dir /var/lib/vigil`
  },
  run: async (args) => (await import('./run-serve.ts')).runServe(args),
}
