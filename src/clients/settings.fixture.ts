import {
  type ClientMode,
  type ClientSettings,
  type ClientSettingsInput,
  parseClientSettings,
} from "./client-settings.ts";

/** A self-signed certificate whose key nobody has. */
export const TEST_CA = `-----BEGIN CERTIFICATE-----
MIIBmDCCAT2gAwIBAgIUYrwrZxIiNeqtVfuRSHAKtQ+NPRMwCgYIKoZIzj0EAwIw
IDEeMBwGA1UEAwwVbGFyZGVyIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMTIyMTI0
MloYDzIxMjYxMDI4MjIxMjQyWjAgMR4wHAYDVQQDDBVsYXJkZXIgdGVzdCBhdXRo
b3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASs3s03P6EIk31gnYgjBMY+
tQ9Ccv43RMpOA6ulq3Pr9fmlZUUNntOV7goq/H7Rik5h2n2yqd0xtdzryvTOxWyk
o1MwUTAdBgNVHQ4EFgQUzVtOhO7KwkDeUDYHmqXLaRA/uwEwHwYDVR0jBBgwFoAU
zVtOhO7KwkDeUDYHmqXLaRA/uwEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD
AgNJADBGAiEAnHrTRjf1k23THKqiX1ENevoPyWLskcVIsIJVKO9Q1DUCIQDiYZtt
7ZPapjp0AICRnydsDvxYgegSpbQVJrRvojYvnQ==
-----END CERTIFICATE-----
`;

const INPUTS: Readonly<Record<ClientMode, ClientSettingsInput>> = {
  http: { registry: "http://10.0.0.5:5000", mode: "http", standIns: ["docker.io", "registry.k8s.io"] },
  https: { registry: "https://larder.lan", mode: "https", standIns: ["docker.io", "registry.k8s.io"], ca: TEST_CA },
  spoof: {
    registry: "http://10.0.0.5",
    mode: "spoof",
    standIns: ["docker.io", "registry.k8s.io"],
    addresses: ["10.0.0.5", "fd00::5"],
  },
};

/** Settings of a mode, for tests, with some of them changed. */
export function testSettings(mode: ClientMode, changes: Partial<ClientSettingsInput> = {}): ClientSettings {
  return parseClientSettings({ ...INPUTS[mode], ...changes });
}

/** Spoofed names over HTTPS. */
export function secureSpoofing(changes: Partial<ClientSettingsInput> = {}): ClientSettings {
  return testSettings("spoof", { registry: "https://10.0.0.5", ca: TEST_CA, ...changes });
}
