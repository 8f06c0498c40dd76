export { connectMemory, type MemoryClientOptions } from './lib/connect-memory.js'
export { createMemoryServer, type MemoryServer, type MemoryServerOptions } from './lib/memory-server.js'
export type { MemoryTarget } from './lib/memory-target.js'
