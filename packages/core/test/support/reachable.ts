/** The keys of all that JavaScript can reach on an object and its prototypes, except what every object has. */
export function reachable(object: object): Set<PropertyKey> {
  const keys = new Set<PropertyKey>()
  for (let owner = object; owner !== Object.prototype; owner = Object.getPrototypeOf(owner) as object) {
    for (const key of Reflect.ownKeys(owner)) keys.add(key)
  }
  keys.delete('constructor')
  return keys
}
