import type { Tone } from "./chip.tsx";

/** A part of a whole. */
type Share = { readonly label: string; readonly amount: number; readonly tone?: Tone };

type Props = {
  /** What the bar is of: "Space by namespace". */
  readonly label: string;
  readonly shares: readonly Share[];
  /** What the whole width stands for; the sum of the shares, when it is not said. */
  readonly whole?: number;
  /** An amount in words, such as `formatBytes`. */
  readonly format: (amount: number) => string;
};

/** Parts of a whole beside each other, by size. Everything that it says stands in its text, too: it is drawn for who sees it. */
export function ShareBar({ label, shares, whole, format }: Props) {
  const sum = shares.reduce((before, { amount }) => before + amount, 0);
  const full = Math.max(whole ?? sum, sum, Number.MIN_VALUE);
  const words = shares.map((share) => `${share.label} ${format(share.amount)}`).join(", ");
  return (
    <span class="shares" role="img" aria-label={`${label}: ${words === "" ? "nothing" : words}`}>
      {shares.map(({ label: name, amount, tone = "accent" }) => (
        <span
          key={name}
          class={`share tone-${tone}`}
          title={`${name}: ${format(amount)}`}
          style={{ width: `${(amount / full) * 100}%` }}
        />
      ))}
    </span>
  );
}
