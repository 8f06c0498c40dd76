export { inRoot, readJson, root, workspaces } from '../repository.mjs'
