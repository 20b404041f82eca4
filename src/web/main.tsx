import { render } from "preact";
import { App } from "./app.tsx";
import { chosenTheme, showTheme } from "./parts/theme.ts";

showTheme(chosenTheme());

const root = document.getElementById("app");
if (root !== null) {
  root.replaceChildren();
  render(<App />, root);
}
