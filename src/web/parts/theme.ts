/** Which colours the page has: those of the system, or what the reader has chosen. */
export type Theme = "system" | "light" | "dark";

/** All of them, in the order of a choice. */
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

const KEY = "larder-theme";

/** What was chosen in this browser. */
export function chosenTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return THEMES.find((one) => one === kept) ?? "system";
  } catch {
    return "system"; // A browser that keeps nothing for pages.
  }
}

/** Shows the page in a theme. */
export function showTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
}

/** Shows it, and keeps the choice for this browser. */
export function chooseTheme(theme: Theme): void {
  showTheme(theme);
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds until the page is left.
  }
}
