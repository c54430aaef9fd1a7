/** Where the dashboard starts in the browser. @module */

import { render } from "preact";
import { keptTheme, showTheme } from "../page/theme.ts";
import { Dashboard } from "./app.tsx";

showTheme(keptTheme());
const root = document.getElementById("app");
if (root) render(<Dashboard />, root);
