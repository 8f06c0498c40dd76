export * from '../checks/bootstrap/child.mjs'
