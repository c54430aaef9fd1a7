/** The pages: built files, and the handler that serves them. @module */

export { buildWeb, builtFiles, type WebFiles } from "./build.ts";
export { type PageHandler, pages } from "./serve/pages.ts";
export { plannerProxy } from "./serve/planner_proxy.ts";
