export * from '../checks/bootstrap/build.mjs'
