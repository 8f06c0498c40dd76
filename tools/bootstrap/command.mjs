export * from '../checks/bootstrap/command.mjs'
