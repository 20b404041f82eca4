import { useState } from "preact/hooks";
import { StrangerLink, StrangerText } from "../parts/stranger-text.tsx";

const SHOWN = 50;

type Props = { readonly title: string; readonly pairs: readonly (readonly [name: string, value: string])[] };

/** Names with their values, a stranger's: the first of them, and all when somebody wants them. */
export function PairsList({ title, pairs }: Props) {
  const [isWhole, setIsWhole] = useState(false);
  if (pairs.length === 0) return null;
  const visible = isWhole ? pairs : pairs.slice(0, SHOWN);
  return (
    <section>
      <h3>
        {title} <span class="quiet">{pairs.length.toLocaleString("en")}</span>
      </h3>
      <dl class="facts pairs">
        {visible.flatMap(([name, value], at) => [
          <dt key={`${at} name`}>
            <StrangerText text={name} limit={300} />
          </dt>,
          <dd key={`${at} value`}>
            <StrangerLink text={value} limit={2000} />
          </dd>,
        ])}
      </dl>
      {visible.length < pairs.length && (
        <button type="button" onClick={() => setIsWhole(true)}>
          Show all {pairs.length.toLocaleString("en")}
        </button>
      )}
    </section>
  );
}
