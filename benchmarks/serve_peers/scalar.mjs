// Serves the OpenAPI document named first at the port named second, with @scalar/mock-server.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const installed = createRequire(process.cwd() + '/package.json')
const load = (name) => import(pathToFileURL(installed.resolve(name)).href)
const { serve } = await load('@hono/node-server')
const { createMockServer } = await load('@scalar/mock-server')
const [specification, port] = process.argv.slice(2)
const app = await createMockServer({ specification: JSON.parse(readFileSync(specification, 'utf8')) })
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(port) })
