// Copies any value into plain JSON data, whatever it is: cycles, BigInt, getters that throw. Never
// throws; what cannot be read is left out and named. Pure.

const DEPTH_MAX = 20;
const VALUES_MAX = 5_000;

/**
 * @param {unknown} value
 * @returns {{ plain: unknown, unreadable: string[] }} `unreadable` holds dotted paths
 */
export function toPlainValue(value) {
  /** @type {Copying} */
  const copying = { ancestors: [], left: VALUES_MAX, unreadable: [] };
  const plain = copy(value, '', copying);
  return { plain, unreadable: copying.unreadable };
}

/** @typedef {{ ancestors: object[], left: number, unreadable: string[] }} Copying */

/** @type {(value: unknown, path: string, copying: Copying) => unknown} */
function copy(value, path, copying) {
  copying.left -= 1;
  if (copying.left < 0) return unreadable(path, copying);
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : unreadable(path, copying);
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case 'object':
      return value === null ? null : copyObject(value, path, copying);
    default:
      return unreadable(path, copying);
  }
}

/** @type {(value: object, path: string, copying: Copying) => unknown} */
function copyObject(value, path, copying) {
  const { ancestors } = copying;
  if (ancestors.length >= DEPTH_MAX || ancestors.includes(value)) return unreadable(path, copying);
  ancestors.push(value);
  try {
    const toJson = /** @type {{ toJSON?: unknown }} */ (value).toJSON;
    if (typeof toJson === 'function') return copy(toJson.call(value), path, copying);
    if (Array.isArray(value)) {
      return Array.from(value, (item, index) => copy(item, `${path}.${index}`, copying) ?? null);
    }
    return copyFields(value, path, copying);
  } catch {
    return unreadable(path, copying);
  } finally {
    ancestors.pop();
  }
}

/** @type {(value: object, path: string, copying: Copying) => object} */
function copyFields(value, path, copying) {
  // Without a prototype "__proto__" is a key like any other, for the server to refuse.
  const fields = Object.create(null);
  for (const key of Object.keys(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    try {
      const field = copy(/** @type {Record<string, unknown>} */ (value)[key], at, copying);
      if (field !== undefined) fields[key] = field;
    } catch {
      unreadable(at, copying);
    }
  }
  return fields;
}

/** @type {(path: string, copying: Copying) => undefined} */
function unreadable(path, { unreadable }) {
  if (unreadable.length < 20) unreadable.push(path);
}
