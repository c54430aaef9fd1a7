/** Where the capacity planner starts in the browser. @module */

import { render } from "preact";
import { App } from "./app.tsx";
import { EngineClient } from "./engine_client.ts";
import { keptTheme, showTheme } from "./theme.ts";

showTheme(keptTheme());
const root = document.getElementById("app");
// The engine starts while the page is drawn.
if (root) render(<App engine={new EngineClient()} />, root);
