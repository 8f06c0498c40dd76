export * from '../checks/bootstrap/failure.mjs'
