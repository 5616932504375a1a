// The dashboards of Grafana, made of what each panel shows: their JSON is three quarters form.
// `npx node tests/support/dashboards.ts` writes observe/grafana/dashboards; a test fails while the two differ.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../scripts/source-tree.ts'
import { business } from './dashboards/business.ts'
import type { Dashboard } from './dashboards/dashboard.ts'
import { partitions } from './dashboards/partitions.ts'
import { rules } from './dashboards/rules.ts'
import { service } from './dashboards/service.ts'

export const dashboards: readonly Dashboard[] = [service, partitions, rules, business]

/** What Grafana reads. */
export function grafanaJson({ uid, title, panels }: Dashboard): object {
  const datasource = { type: 'prometheus', uid: 'prometheus' }
  return {
    uid,
    title,
    tags: ['vigil'],
    schemaVersion: 41,
    timezone: 'utc',
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    panels: panels.map(({ title: name, description = '', unit, kind = 'timeseries', queries }, i) => ({
      id: i + 1,
      type: kind,
      title: name,
      description,
      datasource,
      gridPos: { x: (i % columns) * width, y: Math.floor(i / columns) * height, w: width, h: height },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options: kind === 'timeseries' ? { legend: { displayMode: 'list', placement: 'bottom' } } : {},
      targets: queries.map(({ expr, legend }, q) => ({
        refId: String.fromCharCode(65 + q),
        datasource,
        expr,
        legendFormat: legend,
        exemplar: expr.includes('_bucket'),
        instant: kind !== 'timeseries',
      })),
    })),
  }
}

export const dashboardFile = ({ uid }: Dashboard): string =>
  join(projectRoot, 'observe/grafana/dashboards', `${uid.replace('vigil-', '')}.json`)

const [columns, width, height] = [3, 8, 8]

if (import.meta.main)
  for (const dashboard of dashboards)
    writeFileSync(dashboardFile(dashboard), `${JSON.stringify(grafanaJson(dashboard), null, 2)}\n`)
