const format = new Intl.NumberFormat("en");

/** `12,345`. */
export function formatCount(count: number): string {
  return format.format(count);
}

/** `1 image`, `12,345 images`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
