import { render } from "preact";
import { App } from "./app.tsx";
import { keepScroll } from "./keep-scroll.ts";
import { chosenTheme, showTheme } from "./parts/theme.ts";

showTheme(chosenTheme());
keepScroll();

const root = document.getElementById("app");
if (root !== null) {
  root.replaceChildren();
  render(<App />, root);
}
