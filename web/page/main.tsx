/** Where the capacity planner starts in the browser. @module */

import { render } from "preact";
import { App } from "./app.tsx";
import { keptTheme, showTheme } from "./theme.ts";

showTheme(keptTheme());
const root = document.getElementById("app");
if (root) render(<App />, root);
