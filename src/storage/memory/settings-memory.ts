import { formatSetting, type JsonValue, type SettingListener, type SettingsStore } from "../settings.ts";
import { Subscribers } from "../subscribers.ts";

/** Settings in memory. */
export class MemorySettings implements SettingsStore {
  readonly #values = new Map<string, string>();
  readonly #subscribers = new Subscribers<[string, JsonValue]>();

  async get(key: string): Promise<JsonValue> {
    const text = this.#values.get(key);
    return text === undefined ? null : JSON.parse(text);
  }

  async set(key: string, value: JsonValue): Promise<void> {
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, formatSetting(key, value));
    this.#subscribers.tell(key, value);
  }

  subscribe(listener: SettingListener): () => void {
    return this.#subscribers.add(listener);
  }
}
