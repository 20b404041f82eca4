import { useEffect, useState } from "preact/hooks";
import { useAnswer } from "./api/use-answer.ts";
import { Account } from "./account.tsx";
import { hrefOf } from "./parts/route.ts";
import { chooseTheme, chosenTheme, type Theme, THEMES } from "./parts/theme.ts";
import { VIEWS } from "./views.ts";

const THEME_NAMES: Readonly<Record<Theme, string>> = {
  system: "System theme",
  light: "Light theme",
  dark: "Dark theme",
};

/** The name, the way to all views, and what is the reader's own. */
export function Masthead({ current }: { readonly current: string | null }) {
  const { answer } = useAnswer("getVersion", {});
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => {
    const close = () => setIsOpen(false);
    addEventListener("hashchange", close);
    return () => removeEventListener("hashchange", close);
  }, []);
  const leave = ({ key, currentTarget }: KeyboardEvent) => {
    if (key !== "Escape" || !isOpen) return;
    setIsOpen(false);
    if (currentTarget instanceof HTMLElement) currentTarget.querySelector<HTMLElement>(".menu")?.focus();
  };
  return (
    <header class="masthead" data-menu={isOpen ? "open" : "closed"} onKeyDown={leave}>
      <a class="brand" href={hrefOf("")}>
        larder
      </a>
      <button
        type="button"
        class="menu"
        aria-expanded={isOpen}
        aria-controls="views"
        onClick={() => setIsOpen(!isOpen)}
      >
        Menu
      </button>
      <nav aria-label="Views" id="views">
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
      <div class="aside">
        <span class="quiet">{answer === null ? "" : answer.version}</span>
        <ThemeChoice />
        <Account />
      </div>
    </header>
  );
}

function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  const choose = (text: string) => {
    const chosen = THEMES.find((one) => one === text) ?? "system";
    setTheme(chosen);
    chooseTheme(chosen);
  };
  return (
    <select aria-label="Colours" value={theme} onChange={({ currentTarget }) => choose(currentTarget.value)}>
      {THEMES.map((one) => (
        <option key={one} value={one}>
          {THEME_NAMES[one]}
        </option>
      ))}
    </select>
  );
}
