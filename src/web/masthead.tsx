import { useAnswer } from "./api/use-answer.ts";
import { hrefOf } from "./parts/route.ts";
import { VIEWS } from "./views.ts";

/** The name, and the way to all views. */
export function Masthead({ current }: { readonly current: string | null }) {
  const { answer } = useAnswer("getVersion", {});
  return (
    <header class="masthead">
      <a class="brand" href={hrefOf("")}>
        larder
      </a>
      <nav aria-label="Views">
        <ul>
          {VIEWS.filter(({ isListed }) => isListed).map(({ id, name }) => (
            <li key={id}>
              <a href={hrefOf(id)} aria-current={id === current ? "page" : undefined}>
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <span class="quiet version">{answer === null ? "" : answer.version}</span>
    </header>
  );
}
