/** The contract of settings that change while larder runs, and hold over its restarts and for all who share the store. */

/** A value of JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** The largest size of a setting in bytes of JSON: what is larger, or comes in thousands, has a table of its own. */
export const SETTING_LIMIT_BYTES = 64 << 10;

/** Is told a setting's new value; null: it is no longer set. It must not throw. */
export type SettingListener = (key: string, value: JsonValue) => void;

/** Small values by key. Whoever reads one checks its shape: an older or a newer larder may have written it. */
export interface SettingsStore {
  /** Null when nobody has set it. */
  get(key: string): Promise<JsonValue>;
  /** Durable when it returns, and told to all who subscribed. Null takes the setting away. Throws for one that is too large. */
  set(key: string, value: JsonValue): Promise<void>;
  /** Tells of changes from now on, in their order, whoever makes them. Returns what ends that. */
  subscribe(listener: SettingListener): () => void;
}

/** Formats a value as it is stored. Throws when it is too large. */
export function formatSetting(key: string, value: JsonValue): string {
  const text = JSON.stringify(value);
  if (Buffer.byteLength(text) <= SETTING_LIMIT_BYTES) return text;
  throw new Error(`the setting ${key} has more than ${SETTING_LIMIT_BYTES} bytes`);
}
