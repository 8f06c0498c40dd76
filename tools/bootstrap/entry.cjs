module.exports = require('../checks/entry.cjs')
