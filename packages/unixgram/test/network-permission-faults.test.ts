import { describeNetworkPermission } from '@sock/test-support/network-permission'
import { engines } from './support/engines.js'

for (const engine of engines)
  describeNetworkPermission(engine, new URL('../dist/index.js', import.meta.url), 'Unixgram', ['denied.sock'])
