export * from '../checks/bootstrap/workspace.mjs'
