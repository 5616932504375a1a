// `npm run check:layers`: the direction of imports, and what pure folders may not use.
import { checkLayers } from './layers/check.ts'
import { projectFiles } from './source-tree.ts'

const files = projectFiles(['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs'])
const violations = checkLayers(files)
for (const { file, line, message, remedy } of violations)
  console.error(`${file}:${line}: ${message}\n  remedy: ${remedy}`)
console.log(`layers: ${files.size} files, ${violations.length} violations`)
process.exitCode = violations.length > 0 ? 1 : 0
