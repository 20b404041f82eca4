/** What the DNS server tells the operator. Never what clients ask. */
export type DnsLog = {
  info(message: string, fields?: Readonly<{ [name: string]: unknown }>): void;
  warn(message: string, fields?: Readonly<{ [name: string]: unknown }>): void;
};
